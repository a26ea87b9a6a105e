import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import type { HeadDelta } from '../../stages/graph/delta-terms.ts';
import { INPUTS, OUTPUTS } from '../../stages/graph/head.ts';
import { gradientModel, IDS } from '../../stages/graph/model.ts';
import { type Point, pointOf } from '../../stages/graph/point.ts';
import { openSession, type Results } from '../../stages/graph/session.ts';
import { random } from '../../stages/math/random.ts';
import { sketch } from '../../stages/math/sketch.ts';
import { project } from '../../stages/project.ts';
import { localTensor, lookupBody, scratch, uniformValues } from '../kit/tensors.ts';
import { headTruth } from '../twins/head.ts';

const [V, GROWN, D, RANK, K] = [300, 310, 24, 5, 256];
const TOLERANCE = 3e-6;

const folder = scratch('points');
after(() => rmSync(folder, { recursive: true }));

const uniform = uniformValues(17);

const states = uniform(0, V * D, 1);
const tunedStates = uniform(1, V * D, 1);
const base = uniform(2, V * D, 0.8);
const shift = uniform(3, V * D, 0.3);
/** The tuned head has rows of its own below those it shares. */
const tuned = uniform(4, GROWN * D, 0.8);
for (let i = 0; i < V * D; i++) tuned[i] = base[i]! - shift[i]!;
const [a, b] = [uniform(5, V * RANK, 0.3), uniform(6, D * RANK, 0.3)];
const tensor = (name: string, values: Float32Array) => localTensor(folder, name, values, [values.length / D, D]);
const tensors = {
  states: tensor('states', states),
  tunedStates: tensor('tuned-states', tunedStates),
  base: tensor('base', base),
  tuned: tensor('tuned', tuned),
};

const full: HeadDelta = { kind: 'full', tuned: tensors.tuned, shared: V };
const factors: HeadDelta = { kind: 'factors', rank: RANK, a, b };
const product = Float64Array.from(base, (_, at) => {
  const [v, i] = [Math.floor(at / D), at % D];
  let sum = 0;
  for (let r = 0; r < RANK; r++) sum += a[v * RANK + r]! * b[i * RANK + r]!;
  return sum;
});
const map = sketch({ kind: 'bucket', seed: 1, width: K, vocabulary: V, hidden: D });

const window = Array.from(random(5).words(0, 0, 11), (word) => word % V);
const targets = window.slice(1);

async function run(delta: HeadDelta, points: readonly Point[], lossTunedHead = true): Promise<Results> {
  const model = gradientModel(
    { body: lookupBody(tensors.states), weights: new Map() },
    { base: tensors.base, deltas: [delta], points, norm: true, lossTunedHead, sketch: project(map), chunkRows: 70 },
    {
      head: true,
      mlp: undefined,
      tuned: { body: lookupBody(tensors.tunedStates), weights: new Map(), head: tensors.tuned },
    },
  );
  const session = await openSession({ model, providers: ['cpu'], threads: 1 });
  const S = targets.length;
  const results = await session.run({
    [IDS]: { data: BigInt64Array.from(window, BigInt), dims: [1, window.length] },
    [INPUTS.rows]: { data: BigInt64Array.from(targets, (_, s) => BigInt(s)), dims: [1, S] },
    [INPUTS.targets]: { data: BigInt64Array.from(targets, BigInt), dims: [1, S] },
    [INPUTS.weights]: { data: new Float32Array(S).fill(1 / S), dims: [1, S] },
  });
  await session.close();
  return results;
}

/** In float64, G [V1,d] materialised at every point; D is 0 on rows that only the tuned head has. */
function truth(delta: HeadDelta, points: readonly Point[]) {
  const difference = new Float64Array(GROWN * D);
  difference.set(delta.kind === 'full' ? Float64Array.from(base, (value, i) => value - tuned[i]!) : product);
  const hidden = (of: Float32Array) =>
    Float64Array.from(window.slice(0, -1).flatMap((id) => [...of.subarray(id * D, (id + 1) * D)]));
  const at = (head: Float64Array, of: Float32Array) =>
    headTruth({
      base: head,
      tuned: head.map((value, i) => value - difference[i]!),
      width: D,
      shared: V,
      hidden: hidden(of),
      targets,
    });
  const all = points.map((point) => {
    if (point === 'tuned') return at(Float64Array.from(tuned), tunedStates);
    const step = point === 'base' ? 0 : point;
    return at(
      Float64Array.from(base, (value, i) => value - step * difference[i]!),
      states,
    );
  });
  const gradient = new Float64Array(GROWN * D);
  for (const one of all) for (const [i, value] of one.gradient.entries()) gradient[i]! += value / all.length;
  return {
    alignment: gradient.reduce((sum, value, i) => sum + value * difference[i]!, 0),
    tokenAlignment: targets.map((_, t) => all.reduce((sum, one) => sum + one.tokenAlignment[t]! / all.length, 0)),
    gradientNorm: Math.hypot(...gradient),
    deltaNorm: Math.hypot(...difference),
    sketch: map.accumulate(),
    gradient,
    lossTuned: at(Float64Array.from(tuned), tunedStates).loss,
  };
}

describe('points', () => {
  const cases: readonly (readonly Point[])[] = [
    ['base'],
    [0.5],
    [1],
    ['base', 0.25, 0.5, 1],
    ['tuned'],
    ['base', 'tuned'],
    ['base', 0.5, 'tuned'],
  ];
  for (const [name, delta] of [
    ['full', full],
    ['factors', factors],
  ] as const) {
    for (const points of cases) {
      test(`the gradient is the mean of those materialised at ${points} (${name})`, async () => {
        const expected = truth(delta, points);
        const results = await run(delta, points, points[0] !== 0.5);
        const close = (actual: number, wanted: number, scale: number, what: string) =>
          assert.ok(Math.abs(actual - wanted) <= TOLERANCE * scale, `${what}: ${actual}, expected ${wanted}`);

        const { gradientNorm, deltaNorm } = expected;
        const squared = results[OUTPUTS.squaredNorm]!.data[0]!;
        close(Math.sqrt(squared), gradientNorm, gradientNorm, '|G|');
        const perToken = [...results[OUTPUTS.tokenAlignment]!.data];
        for (const [t, value] of expected.tokenAlignment.entries()) {
          close(perToken[t]!, value, gradientNorm * deltaNorm, `token ${t}`);
        }
        const sum = perToken.reduce((total, value) => total + value, 0);
        close(sum, expected.alignment, gradientNorm * deltaNorm, '⟨G, D⟩');

        expected.sketch.add(0, expected.gradient.subarray(0, V * D));
        const plain = expected.sketch.finish();
        for (const [i, value] of results[OUTPUTS.sketch]!.data.entries()) {
          close(value, plain[i]!, gradientNorm, `sketch ${i}`);
        }
        const losses = results[OUTPUTS.tokenLossTuned]!.data;
        close(losses.reduce((total, value) => total + value, 0) / targets.length, expected.lossTuned, 1, 'tuned loss');
      });
    }
  }

  test('the alignments along the way from base to tuned head sum to the loss difference', async () => {
    // Simpson's rule on 8 steps: its error is far below the tolerance for logits that move by about 1
    const steps = Array.from({ length: 9 }, (_, i) => i / 8);
    const weights = [1, 4, 2, 4, 2, 4, 2, 4, 1].map((weight) => weight / 24);
    let integral = 0;
    let drop = 0;
    for (const [i, step] of steps.entries()) {
      const results = await run(factors, [step === 0 ? 'base' : step]);
      integral += weights[i]! * results[OUTPUTS.tokenAlignment]!.data.reduce((sum, value) => sum + value, 0);
      const [loss, tunedHead] = [results[OUTPUTS.tokenLoss]!.data, results[OUTPUTS.tokenLossTunedHead]!.data];
      drop = loss.reduce((sum, value, t) => sum + value - tunedHead[t]!, 0) / targets.length;
    }
    assert.ok(Math.abs(integral - drop) <= 1e-5 * Math.abs(drop), `${integral}, expected ${drop}`);
  });

  test('are read as they are written, and nothing else is', () => {
    const texts = ['base', 'tuned', '0', '0.0', '.5', '1', '1.01', '-1', 'x', '', '1e-1'];
    assert.deepEqual(texts.map(pointOf), ['base', 'tuned', 'base', 'base', 0.5, 1, ...new Array(5).fill(undefined)]);
  });
});
