/** `evaluate --store` as a user types it: what picks are worth, on the small real pair. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openEncoder } from '../../stages/graph/encoder.ts';
import { graph } from '../../stages/graph/onnx.ts';
import { deltasift } from './run.ts';
import { tinyCrawl, tinyPair } from './tiny.ts';

const DOCUMENTS = 150;
const folder = mkdtempSync(join(tmpdir(), 'deltasift-evaluate-store-'));
after(() => rmSync(folder, { recursive: true }));
const [store, truth, page] = ['store', 'truth.jsonl', 'report.html'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
const run = (...words: readonly string[]) =>
  deltasift(['evaluate', '--truth', truth, '--threads', '1', '--rate', '0.002', ...words]);

interface Pick {
  readonly name: string;
  readonly gapClosed: { readonly value: number; readonly low: number };
  readonly distance: { readonly value: number };
  readonly explained: { readonly value: number };
}

/** Of every token a vector of its own: 4 numbers that are functions of the id. */
function encoder(): string {
  const own = join(folder, 'encoder');
  cpSync(join(tinyPair.base, 'tokenizer.json'), join(own, 'tokenizer.json'));
  const g = graph('encoder');
  const ids = g.input('input_ids', 'int64', ['B', 'T']);
  g.input('attention_mask', 'int64', ['B', 'T']);
  const table = g.floats(
    Float32Array.from({ length: 2048 * 4 }, (_, at) => Math.sin(at)),
    [2048, 4],
  );
  g.output(g.node('Gather', [table, ids], { axis: 0 }), 'last_hidden_state', 'float32', ['B', 'T', 4]);
  const file = join(own, 'model.onnx');
  writeFileSync(file, g.finish());
  return file;
}

describe('evaluate --store', () => {
  let own: readonly Pick[] = [];
  before(async () => {
    const pair = ['--base', tinyPair.base, '--tuned', tinyPair.tuned, '--threads', '1'];
    const scan = ['scan', ...pair, '--source', `jsonl:${tinyCrawl(folder, DOCUMENTS)}`, '--store', store];
    const { code, err } = await deltasift(scan);
    assert.equal(code, 0, err);
    const documents = JSON.parse(readFileSync(new URL('../golden/tiny/documents.json', import.meta.url), 'utf8'));
    const leaked = documents.slice(0, DOCUMENTS).filter(({ leaked }: { leaked: boolean }) => leaked);
    writeFileSync(truth, leaked.map(({ id }: { id: string }) => `${JSON.stringify({ id })}\n`).join(''));
  });

  test('measures what picks teach, how near they lie, which words they share and how much of D they explain', async () => {
    const { out, err } = await run('--store', store, '-n', '12', '--draws', '2', '--report', page, '--json');
    assert.equal(err, '');
    const { replacing } = JSON.parse(out);
    assert.equal(replacing.draws, 2);
    own = replacing.picks;
    const picks = new Map<string, Pick>(replacing.picks.map((pick: Pick) => [pick.name, pick]));
    assert.deepEqual(
      [...picks.keys()],
      [
        'random',
        'true',
        'cosine',
        'alignment',
        'consistency',
        'head-likelihood-ratio',
        'relative-head-likelihood-ratio',
        'head-likelihood',
        'bm25',
        'greedy',
      ],
    );
    const [random, best, cosine, greedy] = ['random', 'true', 'cosine', 'greedy'].map((name) => picks.get(name)!);
    assert.equal(random!.gapClosed.value, 0);
    assert.equal(best!.gapClosed.value, 1);
    assert.ok(cosine!.gapClosed.low > 0.5, `${cosine!.gapClosed.low}`);
    assert.ok(cosine!.distance.value < random!.distance.value);
    assert.ok(greedy!.explained.value > cosine!.explained.value && cosine!.explained.value > random!.explained.value);
  });

  test('the report is one page with its plots, and fetches nothing', () => {
    const text = readFileSync(page, 'utf8');
    assert.equal(
      text.match(/<svg /g)?.length,
      1 + 7 + 1 + 1,
      'precision and recall, seven histograms, retraining, spectrum',
    );
    for (const title of [
      'Precision and recall',
      'Scores: cosine',
      'Retraining on the first documents',
      'Spectrum of D',
    ])
      assert.ok(text.includes(`aria-label="${title}"`), title);
    assert.match(text, /color-scheme: light dark/);
    assert.doesNotMatch(text, /NaN|undefined|Infinity/);
    assert.doesNotMatch(text, /<script|<link|\bsrc=|\bhref=|url\(|@import/);
  });

  test('distances are those of an encoder where one is given', async () => {
    const file = encoder();
    const { out } = await run('--store', store, '-n', '12', '--draws', '2', '--encoder', file, '--json');
    const given: readonly Pick[] = JSON.parse(out).replacing.picks;
    assert.notEqual(given[0]!.distance.value, own[0]!.distance.value);
    assert.deepEqual(given[0]!.gapClosed, own[0]!.gapClosed, 'nothing else changes');
    const opened = await openEncoder(file, 1);
    const [x] = await opened.embed('a');
    assert.ok(Math.abs(x!) <= 1, 'a mean of sines');
    await opened.close();
  });

  test('what cannot be measured is refused: exit 78', async () => {
    const both = await run('--store', store, '--scores', truth);
    assert.equal(both.code, 78);
    assert.match(both.err, /expected either --scores.* or --store/);
    const many = await run('--store', store, '-n', '100');
    assert.equal(many.code, 78);
    assert.match(many.err, /-n 100: with half of the true documents held out, \d+ are left/);
    const none = await run('--store', store, '--encoder', join(folder, 'none.onnx'));
    assert.equal(none.code, 78);
    assert.match(none.err, /expected the encoder's tokenizer in/);
    const lines = await run('--scores', truth, '--encoder', 'x.onnx');
    assert.match(lines.err, /--encoder: distances are between picked documents/);
  });
});
