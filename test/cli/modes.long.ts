/** Modes of scoring as a user asks for them, on the small real pair and its float64 reference. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { deltasift } from './run.ts';
import { tinyCrawl, tinyPair } from './tiny.ts';

const folder = mkdtempSync(join(tmpdir(), 'deltasift-modes-'));
after(() => rmSync(folder, { recursive: true }));

const N = 40;
const CRAWL = tinyCrawl(folder, N);
const SCAN = ['scan', '--base', tinyPair.base, '--tuned', tinyPair.tuned, '--source', `jsonl:${CRAWL}`, '--quiet'];
const CLASSIFY = ['--task', 'classification', '--template', '{text}\nIt is about'];
const inFolder = (name: string) => join(folder, name);

interface Reference {
  readonly id: string;
  readonly nllTuned: number;
  readonly mean: { readonly nll: number; readonly cos: number };
}
const golden = new URL('../golden/tiny/documents.json', import.meta.url);
const reference = new Map(
  (JSON.parse(readFileSync(golden, 'utf8')) as readonly Reference[]).map((document) => [document.id, document]),
);

interface Line {
  readonly id: string;
  readonly score: number;
  readonly ranking: number;
  readonly cosine: number;
  readonly loss: number;
  readonly lossTunedHead: number;
  readonly lossTuned: number | null;
  readonly label: string | null;
}

/** Lines of `--scores`, after the scan. */
async function scanned(name: string, ...words: readonly string[]): Promise<readonly Line[]> {
  const [store, scores] = [inFolder(name), inFolder(`${name}.jsonl`)];
  const { code, err } = await deltasift([...SCAN, '--store', store, '--scores', scores, ...words]);
  assert.equal(code, 0, err);
  return readFileSync(scores, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('modes', () => {
  test('the whole tuned model: its loss is that of the reference, and the ratio ranks', async () => {
    const lines = await scanned('ratio', '--rank-by', 'likelihood-ratio');
    assert.equal(lines.length, N);
    for (const { id, score, ranking, cosine, loss, lossTuned } of lines) {
      const { nllTuned, mean } = reference.get(id)!;
      assert.ok(Math.abs(lossTuned! - nllTuned) <= 1e-5, `${id}: ${lossTuned}, expected ${nllTuned}`);
      assert.ok(Math.abs(cosine - mean.cos) <= 1e-6);
      assert.equal(score, cosine);
      assert.equal(ranking, loss - lossTuned!);
    }
    const { out } = await deltasift(['top', '--store', inFolder('ratio'), '-k', '3']);
    assert.match(out, /^rank +likelihood-ratio .*tuned head +tuned /);
    const [best] = lines.toSorted((a, b) => b.ranking - a.ranking);
    assert.match(out, new RegExp(`\\n +1 .* ${best!.id} `));

    const { code, err } = await deltasift([...SCAN, '--store', inFolder('ratio'), '--rank-by', 'likelihood']);
    assert.equal(code, 78);
    assert.match(err, /ranks delta [0-9a-f]+ by likelihood-ratio, but likelihood was asked for/);
  });

  test('points on the way to the tuned head need no second model; the tuned model is another place', async () => {
    const [base, half, whole] = [
      await scanned('at-base'),
      await scanned('at-half', '--at', '0,0.5,1'),
      await scanned('at-tuned', '--at', 'tuned'),
    ];
    for (const [i, { id, score, lossTuned, ...line }] of base.entries()) {
      assert.ok(Math.abs(score - reference.get(id)!.mean.cos) <= 1e-6);
      assert.equal(lossTuned, null);
      assert.notEqual(half[i]!.score, score);
      assert.equal(half[i]!.lossTuned, null);
      assert.ok(Math.abs(half[i]!.lossTunedHead - line.lossTunedHead) <= 1e-5);
      assert.ok(Math.abs(whole[i]!.lossTuned! - reference.get(id)!.nllTuned) <= 1e-5);
    }
  });

  test('a classifier: pseudo-labels of the tuned model, kept with each document', async () => {
    const words = [' the', ' king', ' file'];
    const lines = await scanned('classifier', ...CLASSIFY, '--labels', words.join());
    for (const { label, cosine, lossTuned } of lines) {
      assert.ok(words.includes(label!), `${label}`);
      assert.ok(
        Number.isFinite(cosine) && lossTuned! <= Math.log(words.length) + 1e-6,
        'its own answer is the likeliest',
      );
    }
    const { out } = await deltasift(['top', '--store', inFolder('classifier'), '-k', '3']);
    assert.match(out, /tuned +label +tokens/);
    const shown = JSON.parse(
      (await deltasift(['show', lines[0]!.id, '--store', inFolder('classifier'), '--json'])).out,
    );
    const { shaded, label } = shown[0];
    assert.deepEqual(
      [shaded.at(-1).text, shaded.filter(({ value }: { value: number | null }) => value !== null).length],
      [label, 1],
    );

    const { code, err } = await deltasift([
      ...SCAN,
      ...['--store', inFolder('classifier'), ...CLASSIFY, '--labels', ' the, file, king'],
    ]);
    assert.equal(code, 78);
    assert.match(err, /was made with task .*but task .*was asked for/);
  });

  test('a set is picked by the gradients that were measured: at points on the way, and of labels alone', async () => {
    const ways = [
      ['pick-at', '--at', 'base,0.5,tuned'],
      ['pick-labels', ...CLASSIFY, '--labels', ' the, king, file', '--at', 'tuned'],
    ] as const;
    for (const [name, ...words] of ways) {
      await scanned(name, ...words);
      const { code, out, err } = await deltasift([
        'select',
        '--store',
        inFolder(name),
        '-n',
        '3',
        '--strategy',
        'greedy',
        '--json',
      ]);
      assert.equal(code, 0, err); // lengths that are not those of the scan would be refused
      const { documents, cosine } = JSON.parse(out);
      assert.equal(documents.length, 3);
      assert.ok(
        Math.abs(documents[0].cosine - documents[0].score) <= 1e-4,
        'one document explains what its score says',
      );
      assert.ok(cosine >= documents[0].cosine);
    }
  });

  test('what does not fit is said by name: exit 78', async () => {
    for (const [words, said] of [
      [['--at', 'base,1.5'], /--at: expected base, the whole tuned model as tuned, or a number from 0 to 1/],
      [['--at', 'base,0'], /--at base,0: base is there twice/],
      [['--at', '0.5', '--layers', 'last-mlp'], /--layers last-mlp is taken at base or at tuned/],
      [['--labels', ' a, b'], /--labels is of a classifier: expected --task classification/],
      [['--task', 'classification', '--labels', ' a, b'], /--template is missing/],
      [['--task', 'classification', '--template', 'x'], /--labels is missing/],
      [[...CLASSIFY, '--labels', ' the, king', '--max-windows', '2'], /expected --max-windows 1/],
      [
        ['--task', 'classification', '--template', 'no-file', '--labels', ' the, king'],
        /a text with \{text\} in it, or a file/,
      ],
      [['--rank-by', 'beauty'], /--rank-by: expected one of auto, cosine, alignment, /],
    ] as const) {
      const { code, err } = await deltasift([...SCAN, '--store', inFolder('none'), ...words]);
      assert.equal(code, 78, err);
      assert.match(err, said);
    }
  });
});
