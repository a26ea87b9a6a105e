import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { random } from '../stages/math/random.ts';
import { type Examples, performance, probabilities, retrain } from '../stages/retrain.ts';

const [N, WIDTH, CLASSES] = [120, 6, 3];
const OPTIONS = { seed: 1, epochs: 40, batch: 16, rate: 0.05 };
const uniform = (stream: number, n: number) =>
  Float32Array.from(random(51).words(stream, 0, n), (word) => word / 2 ** 31 - 1);

/** Each class lies about a corner of its own. */
function examples(stream: number): Examples {
  const labels = Array.from({ length: N }, (_, i) => i % CLASSES);
  const hidden = uniform(stream, N * WIDTH).map(
    (value, at) => value + (at % WIDTH === labels[Math.floor(at / WIDTH)]! ? 1.5 : 0),
  );
  return { hidden, labels };
}
const start = uniform(9, CLASSES * WIDTH).map((value) => 0.1 * value);

describe('retraining a head', () => {
  test('learns what its examples say, of others too', () => {
    const trained = retrain(start, examples(0), OPTIONS);
    const before = performance(start, examples(1));
    const after = performance(trained, examples(1));
    assert.ok(before.accuracy < 0.6 && after.accuracy > 0.9, `${before.accuracy} to ${after.accuracy}`);
    assert.ok(after.loss < 0.5 * before.loss);
  });

  test('its first step goes against the sign of the gradient by differences', () => {
    const given = examples(0);
    const one = retrain(start, given, { ...OPTIONS, epochs: 1, batch: N });
    const step = 1e-4;
    for (let at = 0; at < start.length; at++) {
      const moved = (by: number) =>
        performance(
          Float64Array.from(start, (value, i) => (i === at ? value + by : value)),
          given,
        ).loss;
      const slope = (moved(step) - moved(-step)) / (2 * step);
      if (Math.abs(slope) < 1e-4) continue;
      assert.ok(Math.abs(one[at]! - start[at]! + Math.sign(slope) * OPTIONS.rate) < 1e-4, `entry ${at}`);
    }
  });

  test('is the same for the same seed, leaves the head alone, and refuses no examples', () => {
    const before = start.slice();
    assert.deepEqual(retrain(start, examples(0), OPTIONS), retrain(start, examples(0), OPTIONS));
    assert.notDeepEqual(retrain(start, examples(0), OPTIONS), retrain(start, examples(0), { ...OPTIONS, seed: 2 }));
    assert.deepEqual(start, before);
    assert.throws(() => retrain(start, { hidden: new Float32Array(), labels: [] }, OPTIONS), RangeError);
  });

  test('a tie is no right answer, and large logits do not overflow', () => {
    const hidden = Float32Array.of(1, 0);
    assert.equal(performance([0, 0, 0, 0], { hidden, labels: [0] }).accuracy, 0);
    assert.deepEqual([...probabilities([1e4, 0, -1e4, 0], hidden)], [1, 0]);
  });
});
