/**
 * A set picked from a stream against one picked from everything: candidates admitted to a pool of 4 n by their sketches, as a scan does,
 * then greedy as `select` does, in several random orders; beside it greedy over all documents. cos(S, D) is exact.
 */
import { openBaseMatrices } from '../../pipeline/pick/base-matrices.ts';
import { openStore } from '../../pipeline/store/store.ts';
import type { Score } from '../../schemas/types.ts';
import { products } from '../../stages/graph/products.ts';
import { countSketch } from '../../stages/math/count-sketch.ts';
import { greedy } from '../../stages/math/greedy.ts';
import { random } from '../../stages/math/random.ts';
import { shrunkColumns } from '../../stages/math/shrinkage.ts';
import { explained } from '../../stages/pick/explained.ts';
import { admitted } from '../../stages/pick/from-stream.ts';
import { table } from '../results.ts';
import { type KnownPair, scanned } from './known-pairs.ts';

const ORDERS = 5;
const POOL_TO_SET = 4;
/** Documents picked: a tenth of a pair's, at most. */
const PICKED = 200;
/** Numbers of a wide sketch, 2^16: those of `select` where exact products do not fit. */
const BITS = 16;
const CACHE = { cache: '', hub: undefined, token: undefined, offline: true } as const;

export async function streamSection(
  pairs: readonly KnownPair[],
  cache: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const rows: (readonly string[])[] = [];
  const wide = new Map<string, ReadonlyMap<string, Float32Array>>(); // by base: G is the same whatever it was tuned to
  for (const pair of pairs) {
    const { store: folder } = await scanned(pair, cache, [], signal);
    const store = openStore(folder, { readonly: true });
    const [delta] = store.deltas();
    const documents = [...store.members(delta!.id, 'pool')];
    store.close();
    const opening = { base: pair.base, window: 128, provider: ['cpu'] as const, threads: 1, offline: true };
    const { matrices, shape } = await openBaseMatrices(opening, { ...CACHE, colors: 'none' }, signal);
    const n = Math.min(PICKED, Math.floor(documents.length / 10));
    const sketches = wide.get(pair.base) ?? (await sketched(documents, shape[0] * shape[1]));
    wide.set(pair.base, sketches);

    const reached = async (of: readonly Score[]) => {
      const picked = await picks(of, sketches, delta!.norm, n);
      return (await explained(picked, matrices, delta!.norm, signal)).at(-1)!;
    };
    const offline = await reached(documents);
    const online: number[] = [];
    for (let seed = 1; seed <= ORDERS; seed++) {
      const order = random(seed).permutation(0, documents.length);
      const stream = Array.from(order, (i) => documents[i]!);
      online.push(await reached(admitted(stream, POOL_TO_SET * n, delta!.norm)));
    }
    await matrices.close();
    const [least, most] = [Math.min(...online), Math.max(...online)];
    rows.push([
      pair.name,
      `${n} of ${documents.length}`,
      offline.toFixed(5),
      `${least.toFixed(5)} to ${most.toFixed(5)}`,
      (least / offline).toFixed(4),
      `${(100 * (most / least - 1)).toFixed(2)} %`,
    ]);

    async function sketched(all: readonly Score[], entries: number) {
      const reduce = countSketch(0, BITS, entries);
      const made = new Map<string, Float32Array>();
      for (const one of all) {
        signal.throwIfAborted();
        made.set(one.key, reduce(await matrices.of(one)));
      }
      return made;
    }
  }
  return [
    `Greedy with exchanges, products by sketches of ${2 ** BITS} numbers; the stream in ${ORDERS} random orders, its pool ${POOL_TO_SET} n by sketches of 4096 numbers. Wanted: at least 0.99 of offline, orders within 1 %.`,
    '',
    ...table(['pair', 'picked', 'offline cos(S, D)', 'on the stream', 'least / offline', 'orders differ by'], rows),
  ];

  async function picks(
    of: readonly Score[],
    sketches: ReadonlyMap<string, Float32Array>,
    deltaNorm: number,
    n: number,
  ): Promise<readonly Score[]> {
    const rowsOf = new Float32Array(of.length * 2 ** BITS);
    for (const [i, { key }] of of.entries()) rowsOf.set(sketches.get(key)!, i * 2 ** BITS);
    const { columns, close } = await products(rowsOf, 2 ** BITS, 1);
    try {
      const norms = Float64Array.from(of, ({ gradientNorm }) => gradientNorm);
      const alignments = Float64Array.from(of, ({ alignment }) => alignment);
      const shrunk = await shrunkColumns(columns, norms);
      const { indices } = await greedy({ alignments, norms, deltaNorm }, n, shrunk, signal);
      return indices.map((i) => of[i]!);
    } finally {
      await close();
    }
  }
}
