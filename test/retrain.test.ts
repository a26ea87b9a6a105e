import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type HeadTrainer, headTrainer, type Positions } from '../stages/graph/head-trainer.ts';
import { random } from '../stages/math/random.ts';
import { performance, retrain } from '../stages/retrain.ts';
import { headTwin } from './twins/head-trainer.ts';

const [N, WIDTH, CLASSES] = [120, 6, 3];
const OPTIONS = { seed: 1, epochs: 40, batch: 16, rate: 0.05 };
const { signal } = new AbortController();
const uniform = (stream: number, n: number) =>
  Float32Array.from(random(51).words(stream, 0, n), (word) => word / 2 ** 31 - 1);

/** Each class lies about a corner of its own; documents of one to three positions. */
function documents(stream: number): readonly Positions[] {
  return Array.from({ length: N }, (_, i) => {
    const length = 1 + (i % 3);
    const targets = new Int32Array(length).map((_, t) => (i + t) % CLASSES);
    const hidden = uniform(1000 * stream + i, length * WIDTH).map(
      (value, at) => value + (at % WIDTH === targets[Math.floor(at / WIDTH)]! ? 1.5 : 0),
    );
    return { hidden, targets };
  });
}
const start = uniform(9, CLASSES * WIDTH).map((value) => 0.1 * value);

describe('retraining a head', () => {
  let trainer: HeadTrainer;
  before(async () => {
    trainer = await headTrainer(WIDTH, 1);
  });
  after(() => trainer.close());

  test('loss and gradient are those of the plain formulas, also of more positions than go into one run', async () => {
    const [hidden, targets] = [uniform(3, 700 * WIDTH), Int32Array.from({ length: 700 }, (_, t) => (t * t) % CLASSES)];
    const weights = uniform(4, 700).map(Math.abs);
    const twin = headTwin(start, { hidden, targets }, weights);
    const gradient = await trainer.gradient(start, { hidden, targets }, weights);
    const { loss, likeliest } = await trainer.losses(start, { hidden, targets });
    const near = (actual: ArrayLike<number>, expected: ArrayLike<number>) => {
      for (let i = 0; i < expected.length; i++)
        assert.ok(Math.abs(actual[i]! - expected[i]!) <= 1e-5 * (1 + Math.abs(expected[i]!)), `entry ${i}`);
    };
    near(gradient, twin.gradient);
    near(loss, twin.loss);
    assert.deepEqual([...likeliest], twin.likeliest);
  });

  test('learns what its documents say, of others too', async () => {
    const trained = await retrain(start, documents(0), OPTIONS, trainer, signal);
    const untrained = await performance(start, documents(1), trainer);
    const learnt = await performance(trained, documents(1), trainer);
    assert.ok(untrained.accuracy < 0.6 && learnt.accuracy > 0.9, `${untrained.accuracy} to ${learnt.accuracy}`);
    assert.ok(learnt.loss < 0.5 * untrained.loss);
  });

  test('its first step goes against the sign of the gradient by differences', async () => {
    const given = documents(0);
    const one = await retrain(start, given, { ...OPTIONS, epochs: 1, batch: N }, trainer, signal);
    const step = 1e-2;
    for (let at = 0; at < start.length; at++) {
      const moved = async (by: number) =>
        (
          await performance(
            start.map((value, i) => (i === at ? value + by : value)),
            given,
            trainer,
          )
        ).loss;
      const slope = ((await moved(step)) - (await moved(-step))) / (2 * step);
      if (Math.abs(slope) < 1e-3) continue;
      assert.ok(Math.abs(one[at]! - start[at]! + Math.sign(slope) * OPTIONS.rate) < 1e-4, `entry ${at}`);
    }
  });

  test('is the same for the same seed, leaves the head alone, and refuses no documents', async () => {
    const untouched = start.slice();
    const of = (seed: number) => retrain(start, documents(0), { ...OPTIONS, seed, epochs: 2 }, trainer, signal);
    assert.deepEqual(await of(1), await of(1));
    assert.notDeepEqual(await of(1), await of(2));
    assert.deepEqual(start, untouched);
    await assert.rejects(retrain(start, [], OPTIONS, trainer, signal), RangeError);
    const empty = { hidden: new Float32Array(), targets: new Int32Array() };
    await assert.rejects(retrain(start, [empty], OPTIONS, trainer, signal), /has no positions/);
  });

  test('an abort ends it', async () => {
    await assert.rejects(retrain(start, documents(0), OPTIONS, trainer, AbortSignal.abort()), { name: 'AbortError' });
  });

  test('large logits do not overflow', async () => {
    const narrow = await headTrainer(1, 1);
    const sure = [{ hidden: Float32Array.of(1), targets: Int32Array.of(1) }];
    assert.deepEqual(await performance(Float32Array.of(1e4, 0), sure, narrow), { loss: 1e4, accuracy: 0 });
    await narrow.close();
  });
});
