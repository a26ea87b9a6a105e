import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { distributionOf } from '../stages/distribution.ts';
import { quantileSketch } from '../stages/math/quantile.ts';

function sketchOf(values: readonly number[]): Uint8Array {
  const sketch = quantileSketch();
  for (const value of values) sketch.add(value);
  return sketch.bytes();
}

describe("a delta's distribution", () => {
  const scored = [0.01, 0.02, 0.03, -0.01];
  const estimated = [0.05, -0.02];
  const states: Readonly<Record<string, Uint8Array>> = { quantiles: sketchOf(scored), replayed: sketchOf(estimated) };

  test('holds what was scored and what was estimated, as if one stream had brought both, and says how many are estimates', () => {
    const { sketch, estimated: n } = distributionOf((name) => states[name]);
    assert.deepEqual([sketch.count, n], [6, 2]);
    assert.deepEqual(sketch.bytes(), sketchOf([...scored, ...estimated]));
  });

  test('is there for a delta whose past is only replayed, and for one that has none', () => {
    const past = distributionOf((name) => (name === 'replayed' ? states['replayed'] : undefined));
    assert.deepEqual([past.sketch.count, past.estimated, past.sketch.quantile(1) > 0.04], [2, 2, true]);
    assert.equal(distributionOf(() => undefined).sketch.count, 0);
  });
});
