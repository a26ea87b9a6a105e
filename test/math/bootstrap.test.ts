import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bootstrap, meanOf } from '../../stages/math/bootstrap.ts';
import { random } from '../../stages/math/random.ts';
import { ranking } from '../../stages/math/ranking.ts';

const uniform = (stream: number, n: number) => Array.from(random(5).words(stream, 0, n), (word) => word / 2 ** 32);

describe('bootstrap', () => {
  test("holds the mean's standard error, and the value of the documents as they are", () => {
    const values = uniform(0, 400);
    const { value, low, high } = bootstrap(400, meanOf(values), { seed: 1 });
    assert.equal(value, values.reduce((sum, x) => sum + x, 0) / 400);
    const error = Math.sqrt(1 / 12 / 400); // of uniform draws
    assert.ok(Math.abs((high - low) / (2 * 1.96 * error) - 1) < 0.1, `${low} to ${high}`);
    assert.ok(low < value && value < high);
  });

  test('covers the truth about as often as it says', () => {
    const covered = Array.from({ length: 200 }, (_, trial) => {
      const { low, high } = bootstrap(60, meanOf(uniform(trial, 60)), { seed: trial, resamples: 300 });
      return low <= 0.5 && 0.5 <= high;
    }).filter(Boolean).length;
    assert.ok(covered >= 180 && covered <= 199, `${covered} of 200`);
  });

  test('is narrower for a paired difference than for either side', () => {
    const documents = uniform(1, 200);
    const nearly = documents.map((x, i) => x + 0.01 * uniform(2, 200)[i]!);
    const [one, difference] = [meanOf(documents), meanOf(nearly.map((x, i) => x - documents[i]!))].map((statistic) =>
      bootstrap(200, statistic, { seed: 3 }),
    );
    assert.ok(difference!.high - difference!.low < 0.05 * (one!.high - one!.low));
    assert.ok(difference!.low > 0);
  });

  test('keeps the size of each stratum, so that no resample is without members', () => {
    const member = [true, ...Array<boolean>(30).fill(false)];
    const made = ranking(uniform(4, 31), member);
    const { low, high } = bootstrap(31, made.auroc, { seed: 2, strata: member.map(Number) });
    assert.ok(low >= 0 && high <= 1);
  });

  test('gives the same for the same seed', () => {
    const run = (seed: number) => bootstrap(20, meanOf(uniform(0, 20)), { seed, resamples: 50 });
    assert.deepEqual(run(1), run(1));
    assert.notDeepEqual(run(1), run(2));
  });
});
