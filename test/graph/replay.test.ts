import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { INPUTS } from '../../stages/graph/head.ts';
import { gradientModel, IDS } from '../../stages/graph/model.ts';
import { REPLAY_OUTPUTS } from '../../stages/graph/replay.ts';
import { openSession } from '../../stages/graph/session.ts';
import { localTensor, lookupBody, scratch, uniformValues } from '../kit/tensors.ts';

const [V, D, RANK, LIKELY] = [300, 24, 3, 7];
const folder = scratch('replay');
after(() => rmSync(folder, { recursive: true }));

const uniform = uniformValues(29);
const states = uniform(0, V * D, 1);
const head = uniform(1, V * D, 0.8);
const directions = uniform(2, D * RANK, 1);
const tensors = {
  states: localTensor(folder, 'states', states, [V, D]),
  head: localTensor(folder, 'head', head, [V, D]),
};
const body = lookupBody(tensors.states);

/** softmax(h Wᵀ) after a token, in float64. */
function probabilities(token: number): readonly number[] {
  const logits = Array.from({ length: V }, (_, v) => {
    let sum = 0;
    for (let k = 0; k < D; k++) sum += head[v * D + k]! * states[token * D + k]!;
    return sum;
  });
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return logits.map((logit) => Math.exp(logit) / total);
}

const likeliest = (p: readonly number[]) => p.map((_, v) => v).sort((a, b) => p[b]! - p[a]!);

test('the likeliest tokens are those of the whole distribution, the one that came among them or not', async () => {
  const window = [3, 250, 17, 99, 140, 7];
  const all = window.map(probabilities);
  // what came: the likeliest token, the third, the last of those kept, the one behind, an unlikely one, a boundary of the chunks
  const places = [0, 2, LIKELY - 1, LIKELY, V - 1, 20];
  const targets = all.map((p, t) => likeliest(p)[places[t]!]!);
  const model = gradientModel(
    { body, weights: new Map() },
    {
      base: tensors.head,
      deltas: [],
      norm: false,
      lossTunedHead: false,
      chunkRows: 70,
      replay: { directions, rank: RANK, likely: LIKELY },
    },
  );
  const session = await openSession({ model, providers: ['cpu'], threads: 1 });
  const dims = [1, window.length];
  const results = await session.run({
    [IDS]: { data: BigInt64Array.from(window, BigInt), dims },
    [INPUTS.rows]: { data: BigInt64Array.from(window, (_, s) => BigInt(s)), dims },
    [INPUTS.targets]: { data: BigInt64Array.from(targets, BigInt), dims },
    [INPUTS.weights]: { data: new Float32Array(window.length).fill(1 / window.length), dims },
  });
  await session.close();

  const { data: ids } = results[REPLAY_OUTPUTS.likely]!;
  const { data: chances } = results[REPLAY_OUTPUTS.chances]!;
  const { data: coefficients } = results[REPLAY_OUTPUTS.coefficients]!;
  const { data: squares } = results[REPLAY_OUTPUTS.squares]!;
  for (const [t, p] of all.entries()) {
    const expected = likeliest(p).slice(0, LIKELY);
    assert.deepEqual([...ids.subarray(t * LIKELY, (t + 1) * LIKELY)], expected, `position ${t}`);
    for (const [k, v] of expected.entries()) assert.ok(Math.abs(chances[t * LIKELY + k]! / p[v]! - 1) < 1e-5);

    const h = states.subarray(window[t]! * D, (window[t]! + 1) * D);
    const square = h.reduce((sum, value) => sum + value * value, 0);
    assert.ok(Math.abs(squares[t]! / square - 1) < 1e-5);
    for (let r = 0; r < RANK; r++) {
      const coefficient = h.reduce((sum, value, k) => sum + value * directions[k * RANK + r]!, 0);
      assert.ok(Math.abs(coefficients[t * RANK + r]! - coefficient) < 1e-5);
    }
  }
});
