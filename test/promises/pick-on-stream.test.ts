/** On a real pair: a set picked from what a stream's pool kept is as good as one picked from everything, in whatever order it came. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openStore } from '../../pipeline/store/store.ts';
import type { Score } from '../../schemas/types.ts';
import { openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import { gradientMatrices } from '../../stages/graph/matrix.ts';
import { greedy } from '../../stages/math/greedy.ts';
import { random } from '../../stages/math/random.ts';
import { admitted } from '../../stages/pick/from-stream.ts';
import { type Gram, gramOf } from '../../stages/pick/gram.ts';
import { deltasift } from '../cli/run.ts';
import { tinyCrawl, tinyPair } from '../cli/tiny.ts';

const [DOCUMENTS, N, ORDERS] = [240, 30, 4];
const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'deltasift-stream-'));

describe('picking on a stream', () => {
  let documents: readonly Score[];
  let deltaNorm = 0;
  let gram: Gram;
  let close: () => Promise<void>;

  before(async () => {
    const store = join(folder, 'store');
    const scan = ['scan', '--base', tinyPair.base, '--tuned', tinyPair.tuned, '--store', store, '--threads', '1'];
    const source = `jsonl:${tinyCrawl(folder, DOCUMENTS)}`;
    const { code, err } = await deltasift([...scan, '--source', source, '--pool', String(DOCUMENTS)]);
    assert.equal(code, 0, err);
    const opened = openStore(store, { readonly: true });
    const [delta] = opened.deltas();
    documents = [...opened.members(delta!.id, 'pool')];
    deltaNorm = delta!.norm;
    opened.close();

    const base = await openCheckpoint(tinyPair.base, { cache: folder, offline: true }, signal);
    const body = bodyOf(base);
    const weights = await base.local([...body.tensors, base.head.name], signal);
    const head = weights.get(base.head.name)!;
    const matrices = await gradientMatrices({ body, weights, maxTokens: 128 }, head, {
      providers: ['cpu'],
      threads: 1,
    });
    const entries = head.shape[0]! * head.shape[1]!;
    gram = await gramOf(documents, matrices, { entries, memory: 1e9, threads: 1 }, signal);
    assert.equal(gram.exact, true);
    close = matrices.close;
  });
  after(async () => {
    await gram.close();
    await close();
    rmSync(folder, { recursive: true });
  });

  /** cos(S, D) of greedy with exact products. */
  async function reached(candidates: readonly Score[]): Promise<number> {
    const places = candidates.map((one) => documents.indexOf(one));
    const pool = {
      alignments: Float64Array.from(candidates, ({ alignment }) => alignment),
      norms: Float64Array.from(candidates, ({ gradientNorm }) => gradientNorm),
      deltaNorm,
    };
    const columns = async (indices: readonly number[]) =>
      (await gram.columns(indices.map((i) => places[i]!))).map((column) =>
        Float32Array.from(places, (i) => column[i]!),
      );
    return (await greedy(pool, N, columns, signal)).cosine;
  }

  test('a pool of four times the set, kept by sketches, loses less than 1 % of cos(S, D), and orders differ by less than 1 %', async () => {
    const offline = await reached(documents);
    const online: number[] = [];
    for (let order = 0; order < ORDERS; order++) {
      const stream = Array.from(random(7).permutation(order, documents.length), (i) => documents[i]!);
      const pool = admitted(stream, 4 * N, deltaNorm);
      assert.equal(pool.length, 4 * N);
      online.push(await reached(pool));
    }
    const [worst, best] = [Math.min(...online), Math.max(...online)];
    assert.ok(worst >= 0.99 * offline, `${worst} of ${offline}`);
    assert.ok(best - worst <= 0.01 * best, `${worst} to ${best}`);
  });
});
