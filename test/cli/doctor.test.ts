import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TINY, type TinyModel, tinyModel, tuned } from '../../pipeline/doctor/tiny-model.ts';
import { twin } from '../../pipeline/doctor/twin.ts';

const IDS = Array.from({ length: TINY.positions }, (_, t) => (t * 29 + 3) % TINY.vocabulary);
const HEAD = 'transformer.wte.weight';

/** The base with its head moved by `step` times the way from base to tuned. */
function moved(base: TinyModel, to: TinyModel, step: number): TinyModel {
  const [from, target] = [base.tensors.get(HEAD)!, to.tensors.get(HEAD)!];
  const values = Float32Array.from(from.values, (value, i) => value + step * (target.values[i]! - value));
  return { tensors: new Map(base.tensors).set(HEAD, { ...from, values }) };
}

describe('doctor', () => {
  test("the twin's alignment is the slope of its loss along the delta", () => {
    const base = tinyModel(1);
    for (const seed of [2, 3, 4]) {
      const to = tuned(base, seed);
      const lossAt = (step: number) => twin(base, moved(base, to, step), IDS).lossTunedHead;
      const slope = (lossAt(-0.5) - lossAt(0.5)) / 1;
      const { alignment, gradientNorm, deltaNorm } = twin(base, to, IDS);
      assert.ok(
        Math.abs(slope - alignment) < 2e-3 * gradientNorm * deltaNorm,
        `slope ${slope}, alignment ${alignment}`,
      );
    }
  });

  test('the tiny model is unsure enough of every token to have a gradient, and sure enough to be no uniform one', () => {
    const base = tinyModel(1);
    const { loss, gradientNorm } = twin(base, tuned(base, 2), IDS);
    assert.ok(loss > 1 && Math.abs(loss - Math.log(TINY.vocabulary)) > 0.1, `loss ${loss}`);
    assert.ok(gradientNorm > 0.1, `|G| ${gradientNorm}`);
  });
});
