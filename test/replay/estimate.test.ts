import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { replayCodec } from '../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import type { Basis, Gradients } from '../../schemas/types.ts';
import { principalDirections } from '../../stages/math/principal.ts';
import { type DeltaView, deltaView, estimates } from '../../stages/replay/estimate.ts';
import { LIKELY, RECORD_BYTES, replayRecord, spread, type WindowStates } from '../../stages/replay/record.ts';

const [V, D] = [LIKELY, 4]; // as many tokens as a record holds chances: nothing of P is left out
let state = 7;
/** In (0, 1), by a linear congruential generator. */
function uniform(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state + 0.5) / 2 ** 32;
}
const normal = (n: number): Float32Array =>
  Float32Array.from({ length: n }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));

/** Orthonormal directions of all of the space, so that nothing of a hidden state is left out. */
const directions = principalDirections(normal(8 * D), D, D).directions;
const typical = Float32Array.from({ length: V }, (_, v) => (v + 1) / ((V * (V + 1)) / 2));
const basis: Basis = { id: 'u', rank: D, directions, steps: new Float32Array(D).fill(5 / 127), typical };

interface Made {
  readonly document: Gradients;
  readonly states: readonly WindowStates[];
  /** ⟨G, D⟩ of each window for D [V,d] */
  alignments(delta: Float64Array): readonly number[];
}

/** Windows of random hidden states and random probabilities. */
function made(tokens: readonly number[]): Made {
  const windows = tokens.map((count) => ({
    hidden: normal(count * D),
    logits: normal(count * V),
    ids: Int32Array.from({ length: count + 1 }, (_, t) => (t * 3 + count) % V),
  }));
  const probabilities = windows.map(({ logits }) => softmax(logits));
  const states = windows.map(({ hidden }, w): WindowStates => {
    const count = tokens[w]!;
    const squares = new Float32Array(count);
    const coefficients = new Float32Array(count * D);
    const likely = new Float32Array(count * V);
    for (let t = 0; t < count; t++) {
      for (let k = 0; k < D; k++) {
        squares[t]! += hidden[t * D + k]! ** 2;
        for (let r = 0; r < D; r++) coefficients[t * D + r]! += hidden[t * D + k]! * directions[k * D + r]!;
      }
      for (let v = 0; v < V; v++) likely[t * V + v] = v;
    }
    return { coefficients, squares, likely, chances: probabilities[w]! };
  });
  const document: Gradients = {
    ...NO_PROVENANCE,
    key: 'k',
    id: 'i',
    url: null,
    text: '',
    ids: Int32Array.from(windows.flatMap(({ ids }) => [...ids])),
    lengths: Int32Array.from(tokens, (count) => count + 1),
    tokens: Int32Array.from(tokens),
    measurement: 'm',
    deltas: 'known',
    loss: new Float64Array(tokens.length).fill(3),
    gradientNorm: new Float64Array(tokens.length).fill(2),
    alignment: new Float64Array(),
    lossTunedHead: new Float64Array(),
    tokenAlignment: new Float32Array(),
    sketch: new Float32Array(),
    lossTuned: new Float64Array(),
    labels: new Int32Array(),
  };
  return {
    document,
    states,
    alignments: (delta) =>
      windows.map(({ hidden, ids }, w) => {
        let sum = 0;
        for (let t = 0; t < tokens[w]!; t++) {
          for (let v = 0; v < V; v++) {
            const e = probabilities[w]![t * V + v]! - Number(ids[t + 1] === v);
            for (let k = 0; k < D; k++) sum += (e * delta[v * D + k]! * hidden[t * D + k]!) / tokens[w]!;
          }
        }
        return sum;
      }),
  };
}

function softmax(logits: Float32Array): Float32Array {
  const p = logits.map(Math.exp);
  for (let at = 0; at < p.length; at += V) {
    const total = p.subarray(at, at + V).reduce((sum, value) => sum + value, 0);
    for (let v = 0; v < V; v++) p[at + v]! /= total;
  }
  return p;
}

function viewOf(delta: Float64Array): Promise<DeltaView> {
  return deltaView(basis, async function* () {
    yield { from: 0, rows: delta.slice(0, 2 * D) };
    yield { from: 2, rows: delta.slice(2 * D) };
  });
}

const estimatesOf = async ({ document, states }: Made, delta: Float64Array) =>
  estimates(replayCodec.decode(replayRecord(document, states, basis)), await viewOf(delta));

describe('estimates from replay records', () => {
  test('are the alignment itself, up to rounding, where nothing of hidden states and probabilities is left out', async () => {
    const document = made([9, 30]);
    const delta = Float64Array.from(normal(V * D));
    const exact = document.alignments(delta);
    for (const [w, { alignment, tokenAlignment, standardError }] of (await estimatesOf(document, delta)).entries()) {
      assert.ok(Math.abs(alignment - exact[w]!) < 0.03, `${alignment} against ${exact[w]}`);
      const sum = tokenAlignment.reduce((total, value) => total + value, 0);
      assert.ok(Math.abs(sum - alignment) < 1e-5);
      assert.ok(standardError < 0.2);
    }
  });

  test('do not change where the same row is added to every row of D: probabilities less targets sum to 0', async () => {
    const document = made([12]);
    const delta = Float64Array.from(normal(V * D));
    const row = normal(D);
    const [one] = await estimatesOf(document, delta);
    const [other] = await estimatesOf(
      document,
      delta.map((value, at) => value + 40 * row[at % D]!),
    );
    assert.ok(Math.abs(one!.alignment - other!.alignment) < 1e-3 * Math.abs(one!.alignment) + 1e-4);
  });

  test('of a document that is too long for a record come from a part of its positions, spread over it', async () => {
    const document = made([3000]);
    const bytes = replayRecord(document.document, document.states, basis);
    const record = replayCodec.decode(bytes);
    assert.ok(bytes.length <= RECORD_BYTES, `${bytes.length} bytes`);
    assert.ok(record.kept[0]! < 3000 && record.kept[0]! > 50);
    const delta = Float64Array.from(normal(V * D));
    const [{ alignment, standardError } = { alignment: 0, standardError: 0 }] = await estimatesOf(document, delta);
    const [exact] = document.alignments(delta);
    assert.ok(Math.abs(alignment - exact!) < 5 * standardError, `${alignment} ± ${standardError} against ${exact}`);
  });

  test('positions are spread evenly, and all of them are there where they fit', () => {
    assert.deepEqual(spread(4, 4), [0, 1, 2, 3]);
    assert.deepEqual(spread(10, 3), [1, 5, 8]);
  });
});

describe('principal directions', () => {
  test('are orthonormal, and hold as much of the vectors as any so many directions can', () => {
    const [n, d, r] = [20, 6, 2];
    const vectors = Float32Array.from({ length: n * d }, (_, at) => normal(1)[0]! * (at % d < r ? 10 : 0.1));
    const { rank, directions: found } = principalDirections(vectors, d, r);
    assert.equal(rank, r);
    for (let a = 0; a < r; a++) {
      for (let b = 0; b < r; b++) {
        let dot = 0;
        for (let k = 0; k < d; k++) dot += found[k * r + a]! * found[k * r + b]!;
        assert.ok(Math.abs(dot - Number(a === b)) < 1e-5);
      }
    }
    let inside = 0;
    for (let k = 0; k < d; k++) for (let a = 0; a < r; a++) inside += k < r ? found[k * r + a]! ** 2 : 0;
    assert.ok(inside > r - 0.01, 'they lie in the two long directions');
  });

  test('are no more than the vectors span', () => {
    assert.equal(principalDirections(Float32Array.of(1, 2, 2, 4), 2, 2).rank, 1);
  });
});
