import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { selfCheck } from '../../pipeline/doctor/self-check.ts';
import { TINY, type TinyModel, tinyModel, tuned } from '../../pipeline/doctor/tiny-model.ts';
import { twin } from '../../pipeline/doctor/twin.ts';
import { deltasift } from './run.ts';

const IDS = Array.from({ length: TINY.positions }, (_, t) => (t * 29 + 3) % TINY.vocabulary);
const HEAD = 'transformer.wte.weight';

/** The base with its head moved by `step` times the way from base to tuned. */
function moved(base: TinyModel, to: TinyModel, step: number): TinyModel {
  const [from, target] = [base.tensors.get(HEAD)!, to.tensors.get(HEAD)!];
  const values = Float32Array.from(from.values, (value, i) => value + step * (target.values[i]! - value));
  return { tensors: new Map(base.tensors).set(HEAD, { ...from, values }) };
}

describe('doctor', () => {
  test('the session agrees with the twin to float32', async () => {
    const errors = await selfCheck('cpu', AbortSignal.timeout(60_000));
    for (const [number, error] of Object.entries(errors)) assert.ok(error < 2e-6, `${number} is off by ${error}`);
  });

  test('says which providers work here, why others do not, and exits 0 where one does', async () => {
    const { code, out } = await deltasift(['doctor', '--json']);
    const { ok, providers } = JSON.parse(out);
    assert.deepEqual([code, ok], [0, true]);
    for (const { provider, works, why } of providers) {
      assert.ok(works || typeof why === 'string', `${provider} gives no reason`);
      if (provider === 'cpu') assert.equal(works, true);
    }
    assert.match((await deltasift(['doctor'])).out, /^Node \d.*\n\d+ cores.*\n(.*\n)*cpu: works/);
  });

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
