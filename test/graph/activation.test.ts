import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ACTIVATION_NAMES, ACTIVATIONS } from '../../stages/graph/activation.ts';
import { DERIVATIVES } from '../../stages/graph/activation-derivative.ts';
import { graph } from '../../stages/graph/onnx.ts';
import { activationTwins } from '../twins/activation.ts';

/** From -4 to 4, not through 0, where relu has no derivative. */
const points = Float32Array.from({ length: 80 }, (_, i) => (i + 0.5) / 10 - 4);

describe('activation', () => {
  for (const name of ACTIVATION_NAMES) {
    test(`${name} and its derivative are those of the formula`, async () => {
      const g = graph('activation');
      const x = g.input('x', 'float32', ['n']);
      g.output(ACTIVATIONS[name](g, x), 'y', 'float32', ['n']);
      g.output(DERIVATIVES[name](g, x), 'slope', 'float32', ['n']);
      const session = await InferenceSession.create(g.finish(), { intraOpNumThreads: 1 });
      const { y, slope } = await session.run({ x: new Tensor('float32', points, [points.length]) });
      await session.release();
      const f = activationTwins[name];
      const step = 1e-5;
      for (const [i, at] of points.entries()) {
        const expected = (f(at + step) - f(at - step)) / (2 * step);
        assert.ok(Math.abs((y!.data as Float32Array)[i]! - f(at)) < 2e-6, `${name}(${at})`);
        assert.ok(Math.abs((slope!.data as Float32Array)[i]! - expected) < 2e-6, `${name}'(${at})`);
      }
    });
  }
});
