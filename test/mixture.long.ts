/** On the small real pair's base, tuned by gradient descent on a known mixture: `mixture` says what it was made of. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openCheckpoint } from '../stages/checkpoint/checkpoint.ts';
import { documentStates } from '../stages/graph/document-states.ts';
import { bodyOf } from '../stages/graph/families.ts';
import { headTrainer } from '../stages/graph/head-trainer.ts';
import { joined } from '../stages/retrain.ts';
import { deltasift } from './cli/run.ts';
import { tinyCrawl, tinyPair } from './cli/tiny.ts';

/** Documents of each group that the head is tuned on. */
const TUNED_ON: Readonly<Record<string, number>> = { moby: 20, sotu: 40, pgdoc: 20 };
const [EPOCHS, BATCH, RATE] = [2, 8, 1];
const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'deltasift-mixture-'));
after(() => rmSync(folder, { recursive: true }));

interface Line {
  readonly id: string;
  readonly ids: readonly number[];
}
const documents: readonly Line[] = JSON.parse(
  readFileSync(new URL('golden/tiny/documents.json', import.meta.url), 'utf8'),
);
const groupOf = ({ id }: { readonly id: string }) => id.split('/')[0]!;

/** The first documents of each group, group by group in turn. */
const lessons = Object.entries(TUNED_ON).flatMap(([group, n]) =>
  documents.filter((one) => groupOf(one) === group).slice(0, n),
);

async function tune(to: string): Promise<void> {
  cpSync(tinyPair.base, to, { recursive: true });
  const base = await openCheckpoint(to, { cache: folder, offline: true }, signal);
  const body = bodyOf(base);
  const weights = await base.local([...body.tensors, base.head.name], signal);
  const states = await documentStates({ body, weights, maxTokens: 128 }, { providers: ['cpu'], threads: 1 });
  const trainer = await headTrainer(body.width, 1);
  const head = Float32Array.from(await base.read(base.head.name));
  for (let step = 0; step < (EPOCHS * lessons.length) / BATCH; step++) {
    const batch = await Promise.all(
      Array.from({ length: BATCH }, (_, i) => lessons[(31 * (step * BATCH + i)) % lessons.length]!).map(({ ids }) =>
        states.of({ ids: Int32Array.from(ids), tokens: ids.length - 1 }),
      ),
    );
    const means = batch.flatMap(({ targets }) => Array<number>(targets.length).fill(1 / (BATCH * targets.length)));
    const gradient = await trainer.gradient(head, joined(batch), Float32Array.from(means));
    for (let i = 0; i < head.length; i++) head[i]! -= RATE * gradient[i]!;
  }
  await states.close();
  await trainer.close();
  const { path, offset } = weights.get(base.head.name)!;
  writeSync(openSync(path, 'r+'), new Uint8Array(head.buffer), 0, head.byteLength, offset);
}

describe('mixture', () => {
  const store = join(folder, 'store');
  const groups = join(folder, 'groups.jsonl');
  const run = (...words: readonly string[]) => deltasift(['mixture', '--store', store, '--threads', '1', ...words]);

  before(async () => {
    const tuned = join(folder, 'tuned');
    await tune(tuned);
    const crawl = tinyCrawl(folder, documents.length);
    const trained = new Set(lessons.map(({ id }) => id));
    const unseen = readFileSync(crawl, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !trained.has(JSON.parse(line).id));
    writeFileSync(crawl, unseen.join('\n'));
    writeFileSync(groups, documents.map((one) => `${JSON.stringify({ id: one.id, group: groupOf(one) })}\n`).join(''));
    const scan = ['scan', '--base', tinyPair.base, '--tuned', tuned, '--source', `jsonl:${crawl}`, '--store', store];
    const { code, err } = await deltasift([...scan, '--threads', '1']);
    assert.equal(code, 0, err);
  });

  for (const memory of ['2000000000', '0']) {
    test(`finds the shares of a known mixture in documents it was not tuned on, ${memory === '0' ? 'by sketches' : 'exactly'}`, async () => {
      const { out, err } = await run('--groups', groups, '--exact-memory', memory, '--json');
      assert.equal(err, '');
      const found: readonly { readonly group: string; readonly share: { value: number; low: number; high: number } }[] =
        JSON.parse(out).groups;
      assert.equal(found.length, 5);
      for (const { group, share } of found) {
        const truth = (TUNED_ON[group] ?? 0) / lessons.length;
        assert.ok(share.low <= truth && truth <= share.high, `${group}: ${JSON.stringify(share)}, tuned on ${truth}`);
        assert.ok(Math.abs(share.value - truth) < 0.12, `${group}: ${share.value}, tuned on ${truth}`);
      }
    });
  }

  test('one group, or none: exit 78', async () => {
    const one = await run();
    assert.equal(one.code, 78);
    assert.match(one.err, /are of 1 groups with at least 8 documents; expected two/);
  });
});
