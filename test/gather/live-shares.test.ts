import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Outgoing } from '../../pipeline/contract.ts';
import { liveShares } from '../../pipeline/gather/live-shares.ts';
import type { Member } from '../../pipeline/store/members.ts';
import { selectionMessage } from '../../pipeline/store/messages.ts';
import { scoreCodec, selectionCodec } from '../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import type { Score, Selection } from '../../schemas/types.ts';
import { greedy } from '../../stages/math/greedy.ts';
import { random } from '../../stages/math/random.ts';
import { dot } from '../../stages/math/vector.ts';
import { STATE, select } from '../../stages/select.ts';

const DELTA = { id: 'd', norm: 1 };
const KEEP = 5;
const OTHERS = 3;
const NOTHING = { best: () => [], pool: () => [], other: () => [], state: () => undefined };

function scoreOf(value: number, i: number, sketch = new Float32Array()): Score {
  const key = ((i * 2_654_435_761) % 2 ** 32).toString(16).padStart(12, '0');
  const text = { key, id: `i${i}`, url: null, text: '', ...NO_PROVENANCE };
  const norm = sketch.length === 0 ? 1 : Math.hypot(...sketch);
  const losses = { loss: 1, lossTunedHead: Math.abs(value), meanAlignment: value, lossTuned: null };
  const numbers = { ranking: value / norm, alignment: value, gradientNorm: norm, cosine: value / norm, label: null };
  const arrays = { ids: Int32Array.of(1), tokenAlignment: Float32Array.of(value), sketch };
  const place = { delta: DELTA.id, measurement: 'm', tokens: 1, window: 0, windows: 1 };
  return { ...text, ...losses, ...numbers, ...arrays, ...place };
}

interface Pool {
  readonly size: number;
  readonly width: number;
}

/** What one worker writes of its share of the log. */
async function changesOf(scores: readonly Score[], pool?: Pool): Promise<readonly Outgoing[]> {
  const stage = select({ deltas: [DELTA], keep: KEEP, pool, others: OTHERS }, NOTHING);
  const outcomes = await stage.process(scores, AbortSignal.timeout(60_000));
  return outcomes.flatMap((outcome) => {
    assert.ok(Array.isArray(outcome));
    return outcome.flatMap(({ changes }) => changes.map(selectionMessage));
  });
}

/** A topic whose messages put and evict. */
function compacted() {
  const kept = new Map<string, Selection>();
  return {
    kept,
    write({ key, value }: Outgoing) {
      if (value === null) kept.delete(key);
      else kept.set(key, selectionCodec.decode(value));
    },
  };
}

async function shareOf(scores: readonly Score[], pool?: Pool): Promise<readonly Selection[]> {
  const { kept, write } = compacted();
  for (const change of await changesOf(scores, pool)) write(change);
  return [...kept.values()];
}

/** What shares make together, one change of each after the other. */
function merged(shares: readonly (readonly Outgoing[])[]): readonly Selection[] {
  const { kept, write } = compacted();
  const store = {
    state: (delta: string, name: string) => kept.get(`${delta}/state/${name}`)?.value,
    *members(delta: string, list: string): IterableIterator<Member> {
      for (const one of kept.values()) {
        if (one.delta === delta && one.list === list)
          yield { ...scoreCodec.decode(one.value), gain: one.gain, standardError: null };
      }
    },
  };
  const live = liveShares({ store, keep: KEEP, others: OTHERS, partitions: shares.length });
  for (let i = 0; shares.some((share) => i < share.length); i++) {
    for (const [partition, share] of shares.entries()) {
      if (i < share.length) live.apply({ ...share[i]!, partition, offset: i }).forEach(write);
    }
  }
  live.settle().forEach(write);
  return [...kept.values()].filter(({ list, key }) => list !== 'state' || key === STATE.quantiles);
}

function shown(all: readonly Selection[]) {
  return all.map(({ list, key, value }) => `${list}/${key} ${value.toString('hex')}`).sort();
}

describe('shares of a store', () => {
  test('merge into what one worker would have: every list, and the distribution, however the stream was split', async () => {
    const values = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.nat(3)), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(values, async (all) => {
        const scores = all.map(([value], i) => scoreOf(value / 20, i));
        const shares = await Promise.all(
          [3, 1, 0, 2].map((share) => changesOf(scores.filter((_, i) => all[i]![1] === share))),
        );
        assert.deepEqual(shown(merged(shares)), shown(await shareOf(scores)));
      }),
      { numRuns: 50 },
    );
  });

  test('hold a pool from which the set picked points along D within 1 % as well as from one worker’s', async () => {
    for (const workers of [2, 4, 8]) {
      const scores = stream(workers);
      const whole = await cosineOf(await shareOf(scores, POOL));
      const shares = await Promise.all(
        Array.from({ length: workers }, (_, worker) =>
          changesOf(
            scores.filter((_, i) => i % workers === worker),
            POOL,
          ),
        ),
      );
      const split = await cosineOf(merged(shares));
      assert.ok(split >= 0.99 * whole, `${workers} workers: ${split} against ${whole}`);
    }
  });
});

const POOL = { size: 40, width: 32 } as const;

/** Documents in directions that several share, with a little of D each: what sketches keep is the gradient itself. */
function stream(seed: number): readonly Score[] {
  const words = random(seed).words(0, 0, 1200 * POOL.width);
  return Array.from({ length: 1200 }, (_, i) => {
    const own = words.subarray(i * POOL.width, (i + 1) * POOL.width);
    const sketch = Float32Array.from(
      own,
      (word, j) => word / 2 ** 31 - 1 + (j === 1 + (i % 7) ? 2 : 0) + (j === 0 ? 0.3 : 0),
    );
    return scoreOf(sketch[0]!, i, sketch); // D is the first axis
  });
}

/** cos(S, D) of the ten documents picked from a pool with exact products. */
async function cosineOf(selections: readonly Selection[]): Promise<number> {
  const pool = selections.filter(({ list }) => list === 'pool').map(({ value }) => scoreCodec.decode(value));
  const { cosine } = await greedy(
    {
      alignments: Float64Array.from(pool, ({ alignment }) => alignment),
      norms: Float64Array.from(pool, ({ gradientNorm }) => gradientNorm),
      deltaNorm: DELTA.norm,
    },
    10,
    async (indices) => indices.map((j) => Float32Array.from(pool, ({ sketch }) => dot(sketch, pool[j]!.sketch))),
    AbortSignal.timeout(60_000),
  );
  return cosine;
}
