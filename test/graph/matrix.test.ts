import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import type { Body } from '../../stages/graph/families.ts';
import { gradientMatrices } from '../../stages/graph/matrix.ts';
import { random } from '../../stages/math/random.ts';
import { localTensor, scratch } from '../kit/tensors.ts';
import { headTruth } from '../twins/head.ts';

const [V, D] = [5000, 8]; // two chunks
const folder = scratch('matrix');
after(() => rmSync(folder, { recursive: true }));

const uniform = (stream: number, scale: number) =>
  Float32Array.from(random(13).words(stream, 0, V * D), (word) => scale * (word / 2 ** 31 - 1));
const states = uniform(0, 1);
const head = uniform(1, 0.8);
const stateTensor = localTensor(folder, 'states', states, [V, D]);
const headTensor = localTensor(folder, 'head', head, [V, D]);
const lookup = { width: D, build: (g, _weights, ids) => g.gather(stateTensor, ids) } as Partial<Body> as Body;

describe('gradient matrices', () => {
  test('are the gradient of the mean loss of the last tokens, a token that comes twice included', async () => {
    const matrices = await gradientMatrices({ body: lookup, weights: new Map() }, headTensor, {
      providers: ['cpu'],
      threads: 1,
    });
    const ids = Int32Array.of(17, 4999, 3, 3, 3, 4096);
    for (const tokens of [5, 3, 1]) {
      const first = ids.length - tokens;
      const hidden = [...ids.subarray(first - 1, -1)].flatMap((id) => [...states.subarray(id * D, (id + 1) * D)]);
      const { gradient, gradientNorm } = headTruth({
        base: Float64Array.from(head),
        tuned: Float64Array.from(head),
        shared: V,
        width: D,
        hidden: Float64Array.from(hidden),
        targets: [...ids.subarray(first)],
      });
      const found = await matrices.of({ ids, tokens });
      const error = Math.hypot(...gradient.map((value, i) => value - found[i]!));
      assert.ok(error <= 2e-6 * gradientNorm, `${error} of ${gradientNorm}`);
    }
    await matrices.close();
  });
});
