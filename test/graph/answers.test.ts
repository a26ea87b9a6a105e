import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import type { HeadDelta } from '../../stages/graph/delta-terms.ts';
import { INPUTS, OUTPUTS } from '../../stages/graph/head.ts';
import { gradientModel, IDS } from '../../stages/graph/model.ts';
import type { Point } from '../../stages/graph/point.ts';
import { openSession, type Results } from '../../stages/graph/session.ts';
import { random } from '../../stages/math/random.ts';
import { sketch } from '../../stages/math/sketch.ts';
import { project, projectLabels } from '../../stages/project.ts';
import { localTensor, lookupBody, scratch, uniformValues } from '../kit/tensors.ts';
import { headTruth } from '../twins/head.ts';

const [V, D, RANK, K, LENGTH] = [280, 24, 5, 128, 6];
const LABELS = [7, 250, 31, 100];
const TOLERANCE = 3e-6;

const folder = scratch('answers');
after(() => rmSync(folder, { recursive: true }));

const uniform = uniformValues(23);
const states = uniform(0, V * D, 1);
/** Far apart: the tuned model is sure of what it answers. */
const tunedStates = uniform(1, V * D, 6);
const base = uniform(2, V * D, 0.8);
const shift = uniform(3, V * D, 0.3);
const tuned = base.map((value, i) => value - shift[i]!);
const [a, b] = [uniform(5, V * RANK, 0.3), uniform(6, D * RANK, 0.3)];
const tensor = (name: string, values: Float32Array) => localTensor(folder, name, values, [V, D]);
const tensors = {
  states: tensor('states', states),
  tunedStates: tensor('tuned-states', tunedStates),
  base: tensor('base', base),
  tuned: tensor('tuned', tuned),
};

const deltas: Readonly<Record<string, HeadDelta>> = {
  full: { kind: 'full', tuned: tensors.tuned, shared: V },
  factors: { kind: 'factors', rank: RANK, a, b },
};
const differenceOf = (delta: HeadDelta) =>
  Float64Array.from(base, (value, at) => {
    if (delta.kind === 'full') return value - tuned[at]!;
    const [v, i] = [Math.floor(at / D), at % D];
    let sum = 0;
    for (let r = 0; r < RANK; r++) sum += a[v * RANK + r]! * b[i * RANK + r]!;
    return sum;
  });
const map = sketch({ kind: 'bucket', seed: 1, width: K, vocabulary: V, hidden: D });
const windows = Array.from({ length: 9 }, (_, w) => Array.from(random(5).words(w, 0, LENGTH), (word) => word % V));

async function run(delta: HeadDelta, labelsOnly: boolean, points: readonly Point[]): Promise<Results> {
  const tail = labelsOnly ? projectLabels(map, LABELS) : project(map);
  const model = gradientModel(
    { body: lookupBody(tensors.states), weights: new Map() },
    { base: tensors.base, deltas: [delta], points, norm: true, lossTunedHead: true, sketch: tail, chunkRows: 70 },
    {
      head: true,
      mlp: undefined,
      tuned: { body: lookupBody(tensors.tunedStates), weights: new Map(), head: tensors.tuned },
      answers: { tokens: LABELS, labelsOnly },
    },
  );
  const session = await openSession({ model, providers: ['cpu'], threads: 1 });
  const B = windows.length;
  const results = await session.run({
    [IDS]: { data: BigInt64Array.from(windows.flat(), BigInt), dims: [B, LENGTH] },
    [INPUTS.rows]: { data: BigInt64Array.from(windows, (_, w) => BigInt((w + 1) * LENGTH - 1)), dims: [B, 1] },
    [INPUTS.weights]: { data: new Float32Array(B).fill(1), dims: [B, 1] },
  });
  await session.close();
  return results;
}

/** In float64, over the label rows or over all: what the window's last state says of the label that the tuned model answers. */
function truth(delta: HeadDelta, labelsOnly: boolean, points: readonly Point[], window: readonly number[]) {
  const rows = labelsOnly ? LABELS : Array.from({ length: V }, (_, v) => v);
  const picked = (head: ArrayLike<number>) =>
    Float64Array.from(rows.flatMap((row) => Array.from({ length: D }, (_, i) => head[row * D + i]!)));
  const last = window.at(-1)!;
  const state = (of: Float32Array) => Float64Array.from(of.subarray(last * D, (last + 1) * D));
  const answers = LABELS.map((token) =>
    state(tunedStates).reduce((sum, value, i) => sum + value * tuned[token * D + i]!, 0),
  );
  const label = answers.indexOf(Math.max(...answers));
  const difference = picked(differenceOf(delta));
  const at = (head: Float64Array, of: Float32Array) =>
    headTruth({
      base: head,
      tuned: head.map((value, i) => value - difference[i]!),
      width: D,
      shared: rows.length,
      hidden: state(of),
      targets: [labelsOnly ? label : LABELS[label]!],
    });
  const atBase = at(picked(base), states);
  const all = points.map((point) => {
    if (point === 'tuned') return at(picked(tuned), tunedStates);
    const step = point === 'base' ? 0 : point;
    return at(
      picked(base).map((value, i) => value - step * difference[i]!),
      states,
    );
  });
  const gradient = new Float64Array(rows.length * D);
  for (const one of all) for (const [i, value] of one.gradient.entries()) gradient[i]! += value / all.length;
  const whole = map.accumulate();
  for (const [r, row] of rows.entries()) whole.add(row, gradient.subarray(r * D, (r + 1) * D));
  return {
    label,
    loss: atBase.loss,
    lossTunedHead: atBase.lossTunedHead,
    lossTuned: at(picked(tuned), tunedStates).loss,
    gradientNorm: Math.hypot(...gradient),
    alignment: gradient.reduce((sum, value, i) => sum + value * difference[i]!, 0),
    deltaNorm: Math.hypot(...difference),
    sketch: whole.finish(),
  };
}

describe('labels as targets', () => {
  for (const [name, delta] of Object.entries(deltas)) {
    for (const labelsOnly of [true, false]) {
      for (const points of [['base'], ['tuned'], ['base', 0.5], ['base', 'tuned']] as const) {
        test(`the loss is of the tuned model's answer (${name}, ${labelsOnly ? 'labels' : 'vocabulary'}, at ${points})`, async () => {
          const results = await run(delta, labelsOnly, points);
          const value = (output: string, w: number) => results[output]!.data[w]!;
          const seen = new Set<number>();
          for (const [w, window] of windows.entries()) {
            const expected = truth(delta, labelsOnly, points, window);
            const close = (actual: number, wanted: number, scale: number, what: string) =>
              assert.ok(Math.abs(actual - wanted) <= TOLERANCE * scale, `${w} ${what}: ${actual}, expected ${wanted}`);
            const { gradientNorm, deltaNorm } = expected;
            seen.add(expected.label);
            assert.equal(value(OUTPUTS.label, w), expected.label);
            close(value(OUTPUTS.tokenLoss, w), expected.loss, Math.max(1, expected.loss), 'loss');
            close(
              value(OUTPUTS.tokenLossTunedHead, w),
              expected.lossTunedHead,
              Math.max(1, expected.loss),
              'tuned head',
            );
            close(value(OUTPUTS.tokenLossTuned, w), expected.lossTuned, Math.max(1, expected.loss), 'tuned');
            // also where the model is so sure that 1 − P is a ten thousandth: nothing is lost to the difference
            close(Math.sqrt(value(OUTPUTS.squaredNorm, w)), gradientNorm, 10 * gradientNorm, '|G|');
            close(value(OUTPUTS.tokenAlignment, w), expected.alignment, 10 * gradientNorm * deltaNorm, '⟨G, D⟩');
            for (let k = 0; k < K; k++) {
              close(results[OUTPUTS.sketch]!.data[w * K + k]!, expected.sketch[k]!, 10 * gradientNorm, `sketch ${k}`);
            }
          }
          assert.ok(seen.size > 1, 'several labels are answered');
        });
      }
    }
  }
});
