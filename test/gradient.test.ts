import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { type Outcome, Reject } from '../pipeline/contract.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import type { Gradients, Tokens } from '../schemas/types.ts';
import { gradient } from '../stages/gradient.ts';
import type { HeadDelta } from '../stages/graph/delta-terms.ts';
import type { Body } from '../stages/graph/families.ts';
import { gradientModel } from '../stages/graph/model.ts';
import { openSession } from '../stages/graph/session.ts';
import { random } from '../stages/math/random.ts';
import { stageContract } from './kit/stage.ts';
import { localTensor, scratch, uniformValues } from './kit/tensors.ts';
import { type HeadTruth, headTruth } from './twins/head.ts';

const VOCABULARY = 300;
const TUNED_VOCABULARY = 310;
const SHARED = 290;
const WIDTH = 24;
const RANK = 5;
/** float32 arithmetic over sums of a few hundred terms; relative to |G||D| for alignments */
const TOLERANCE = 2e-6;

const folder = scratch('gradient');
after(() => rmSync(folder, { recursive: true }));

const uniform = uniformValues(7);

const states = uniform(0, VOCABULARY * WIDTH, 1);
const base = uniform(1, VOCABULARY * WIDTH, 0.8);
const shift = uniform(2, SHARED * WIDTH, 0.2);
const tuned = uniform(3, TUNED_VOCABULARY * WIDTH, 0.8);
for (let i = 0; i < shift.length; i++) tuned[i] = base[i]! - shift[i]!;
const a = uniform(4, VOCABULARY * RANK, 0.3);
const b = uniform(5, WIDTH * RANK, 0.3);

const stateTensor = localTensor(folder, 'states', states, [VOCABULARY, WIDTH]);
const baseTensor = localTensor(folder, 'base', base, [VOCABULARY, WIDTH]);
const tunedTensor = localTensor(folder, 'tuned', tuned, [TUNED_VOCABULARY, WIDTH]);

/** A body whose hidden state at a position is looked up by the token there: the tail is what is under test. */
const lookup = {
  width: WIDTH,
  build: (g, _weights, ids) => g.gather(stateTensor, ids),
} as Partial<Body> as Body;

const full: HeadDelta = { kind: 'full', tuned: tunedTensor, shared: SHARED };
const factors: HeadDelta = { kind: 'factors', rank: RANK, a, b };

async function stage(settings: { positions?: 'all' | 'last'; chunkRows?: number; lossTunedHead?: boolean } = {}) {
  const model = gradientModel(
    { body: lookup, weights: new Map() },
    {
      base: baseTensor,
      deltas: [full, factors],
      norm: true,
      lossTunedHead: settings.lossTunedHead ?? true,
      chunkRows: settings.chunkRows,
    },
  );
  const session = await openSession({ model, providers: ['cpu'], threads: 1 });
  return gradient({
    session,
    measurement: 'm',
    deltas: ['full', 'factors'],
    vocabulary: VOCABULARY,
    positions: settings.positions ?? 'all',
    tokenBudget: 40,
  });
}

/** Windows of ids, each with the first index that it scores. */
function document(id: string, ...windows: readonly (readonly [readonly number[], number])[]): Tokens {
  return {
    key: id,
    id,
    url: null,
    text: '',
    ids: Int32Array.from(windows.flatMap(([ids]) => ids)),
    lengths: Int32Array.from(windows, ([ids]) => ids.length),
    firsts: Int32Array.from(windows, ([, first]) => first),
    ...NO_PROVENANCE,
  };
}

const ids = (stream: number, n: number) => Array.from(random(3).words(stream, 0, n), (word) => word % VOCABULARY);
const documents = [
  document('short', [[5, 9], 1]),
  document('long', [ids(1, 17), 1]),
  document('windows', [ids(2, 12), 1], [ids(3, 12), 4], [ids(4, 6), 1]),
  document('repeats', [[7, 7, 7, 8, 7, 7], 1]),
  document('unshared', [[4, 295, 299, 3], 1]),
];

function truthOf(window: readonly number[], first: number, delta: 'full' | 'factors'): HeadTruth {
  const positions = window.slice(first).map((_, s) => first + s - 1);
  const hidden = Float64Array.from(
    positions.flatMap((t) => [...states.subarray(window[t]! * WIDTH, (window[t]! + 1) * WIDTH)]),
  );
  const lowRank = Float64Array.from(base, (value, at) => {
    const [v, i] = [Math.floor(at / WIDTH), at % WIDTH];
    let sum = value;
    for (let r = 0; r < RANK; r++) sum -= a[v * RANK + r]! * b[i * RANK + r]!;
    return sum;
  });
  return headTruth({
    base: Float64Array.from(base),
    tuned: delta === 'full' ? Float64Array.from(tuned) : lowRank,
    shared: delta === 'full' ? SHARED : VOCABULARY,
    width: WIDTH,
    hidden,
    targets: window.slice(first),
  });
}

function normOf(delta: 'full' | 'factors'): number {
  if (delta === 'full') return Math.hypot(...shift);
  let sum = 0;
  for (let v = 0; v < VOCABULARY; v++) {
    for (let i = 0; i < WIDTH; i++) {
      let entry = 0;
      for (let r = 0; r < RANK; r++) entry += a[v * RANK + r]! * b[i * RANK + r]!;
      sum += entry ** 2;
    }
  }
  return Math.sqrt(sum);
}

function close(actual: number, expected: number, scale: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= TOLERANCE * scale, `${what}: ${actual}, expected ${expected}`);
}

async function results(settings: Parameters<typeof stage>[0] = {}): Promise<readonly Gradients[]> {
  const made = await stage(settings);
  const outcomes = await made.process(documents, AbortSignal.timeout(60_000));
  await made.close?.();
  return outcomes.map((outcome) => (outcome as readonly Gradients[])[0]!);
}

function compare(result: Gradients, tokens: Tokens, positions: 'all' | 'last', tunedHead = true): void {
  let start = 0;
  let scored = 0;
  for (const [w, length] of tokens.lengths.entries()) {
    const window = [...tokens.ids.subarray(start, start + length)];
    const first = positions === 'last' ? length - 1 : tokens.firsts[w]!;
    assert.equal(result.tokens[w], length - first);
    for (const [column, delta] of (['full', 'factors'] as const).entries()) {
      const truth = truthOf(window, first, delta);
      const scale = truth.gradientNorm * normOf(delta);
      const name = `${tokens.id} window ${w} ${delta}`;
      close(result.loss[w]!, truth.loss, truth.loss, `${name} loss`);
      close(result.gradientNorm[w]!, truth.gradientNorm, truth.gradientNorm, `${name} norm`);
      close(result.alignment[w * 2 + column]!, truth.alignment, scale, `${name} alignment`);
      if (tunedHead)
        close(result.lossTunedHead[w * 2 + column]!, truth.lossTunedHead, truth.lossTunedHead, `${name} tuned`);
      for (const [t, expected] of truth.tokenAlignment.entries()) {
        close(result.tokenAlignment[(scored + t) * 2 + column]!, expected, scale, `${name} token ${t}`);
      }
    }
    start += length;
    scored += length - first;
  }
}

describe('gradient', async () => {
  const shared = await stage();
  after(() => shared.close?.());
  stageContract(() => ({ ...shared, close: () => {} }), [...documents, document('bad', [[1, VOCABULARY], 1])], {
    equal: nearlyEqual,
  });

  for (const positions of ['all', 'last'] as const) {
    test(`equals the materialised gradient in float64 at positions ${positions}`, async () => {
      const all = await results({ positions });
      for (const [d, result] of all.entries()) compare(result, documents[d]!, positions);
    });
  }

  test('is the same however the vocabulary is cut into chunks', async () => {
    for (const chunkRows of [7, 100, 1000]) {
      const all = await results({ chunkRows });
      for (const [d, result] of all.entries()) compare(result, documents[d]!, 'all');
    }
  });

  test('aligns a low-rank delta without its logits where the tuned head is not asked for', async () => {
    const all = await results({ lossTunedHead: false });
    for (const [d, result] of all.entries()) {
      compare(result, documents[d]!, 'all', false);
      assert.ok(result.lossTunedHead.every(Number.isNaN));
    }
  });

  test('gives the same bits for the same batch', async () => {
    assert.deepEqual(await results(), await results());
  });

  test('rejects a document with an id outside the vocabulary and scores the rest', async () => {
    const batch = [
      documents[0]!,
      document('bad', [[1, VOCABULARY, 2], 1]),
      document('negative', [[1, -1], 1]),
      documents[1]!,
    ];
    const outcomes = await shared.process(batch, AbortSignal.timeout(60_000));
    assert.deepEqual(
      outcomes.map((outcome) => (outcome instanceof Reject ? outcome.code : 'scored')),
      ['scored', 'bad-token', 'bad-token', 'scored'],
    );
  });

  test('stops at an abort', async () => {
    await assert.rejects(async () => shared.process(documents, AbortSignal.abort()), { name: 'AbortError' });
  });
});

/** Another batch is another shape, and float32 kernels sum in another order. */
function nearlyEqual(actual: Outcome<Gradients>, expected: Outcome<Gradients>): void {
  if (expected instanceof Reject) {
    assert.deepEqual(actual, expected);
    return;
  }
  const [one, other] = [actual, expected].map((outcome) => (outcome as readonly Gradients[])[0]!) as [
    Gradients,
    Gradients,
  ];
  for (const [field, values] of Object.entries(other)) {
    const found = one[field as keyof Gradients] as Float64Array;
    if (!(values instanceof Float64Array || values instanceof Float32Array)) assert.deepEqual(found, values);
    else for (const [i, value] of values.entries()) close(found[i]!, value, Math.max(1, Math.abs(value)), field);
  }
}
