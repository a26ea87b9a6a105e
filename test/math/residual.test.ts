import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { random } from '../../stages/math/random.ts';
import { type Candidate, runningSet } from '../../stages/math/residual.ts';
import { cosine, exchangeTwin, explained } from '../twins/running-set.ts';

const WIDTH = 24;

/** Gradients that share a direction with the delta, more or less. The identity is their sketch: products are exact. */
function gradients(seed: number, n: number): number[][] {
  const words = random(seed).words(0, 0, n * WIDTH);
  const noise = (i: number) => Math.fround(words[i]! / 2 ** 31 - 1);
  return Array.from({ length: n }, (_, j) =>
    Array.from({ length: WIDTH }, (_, i) => Math.fround(noise(j * WIDTH + i) + (i < j % 5 ? 0.5 : 0))),
  );
}
const delta = Array.from({ length: WIDTH }, (_, i) => (i < 6 ? 1 : 0.1));
const deltaNorm = Math.hypot(...delta);
const candidate = (gradient: readonly number[]): Candidate => ({
  alignment: gradient.reduce((sum, value, i) => sum + value * delta[i]!, 0),
  norm: Math.hypot(...gradient),
  sketch: Float32Array.from(gradient),
});
const close = (actual: number, expected: number, tolerance = 1e-6) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} where ${expected} was expected`);

describe('running set', () => {
  test('makes the exchanges that trying them all on whole gradients makes', () => {
    const capacity = 8;
    const stream = gradients(1, 300);
    const set = runningSet({ capacity, deltaNorm, width: WIDTH });
    const twin = stream.slice(0, capacity);
    let exchanges = 0;
    for (const [i, gradient] of stream.entries()) {
      const change = set.offer(`${i}`, candidate(gradient));
      if (i < capacity) {
        assert.deepEqual(change, { added: `${i}`, removed: undefined });
        continue;
      }
      const place = exchangeTwin(twin, delta, gradient);
      assert.equal(change !== undefined, place >= 0, `document ${i}`);
      if (place >= 0) {
        twin[place] = gradient;
        exchanges++;
      }
      close(set.cosine, explained(twin, delta));
    }
    assert.ok(exchanges > 20, `${exchanges} exchanges`);
    assert.equal(set.size, capacity);
  });

  test('the residual gain is the derivative of cos(S + εg, D), up to its scale; of an empty set it is cos(g, D)', () => {
    const [first, ...rest] = gradients(2, 12) as [number[], ...number[][]];
    const set = runningSet({ capacity: 20, deltaNorm, width: WIDTH });
    close(set.gain(candidate(first)), cosine(first, delta));
    for (const [i, gradient] of rest.entries()) set.offer(`${i}`, candidate(gradient));

    const sum = rest[0]!.map((_, i) => rest.reduce((total, gradient) => total + gradient[i]!, 0));
    const at = (epsilon: number) =>
      cosine(
        sum.map((value, i) => value + epsilon * first[i]!),
        delta,
      );
    const slope = (at(1e-5) - at(-1e-5)) / 2e-5;
    close(set.gain(candidate(first)), (slope * Math.hypot(...sum)) / Math.hypot(...first), 1e-5);
  });

  test('a set built again from its state goes on to the same bits', () => {
    const stream = gradients(3, 200).map(candidate);
    const options = { capacity: 16, deltaNorm, width: WIDTH };
    const whole = runningSet(options);
    let broken = runningSet(options);
    for (const [i, one] of stream.entries()) {
      assert.deepEqual(broken.offer(`${i}`, one), whole.offer(`${i}`, one));
      if (i % 7 === 0) broken = runningSet(options, broken.state(), (key) => stream[Number(key)]);
      assert.equal(broken.cosine, whole.cosine);
      assert.equal(broken.gain(stream[0]!), whole.gain(stream[0]!));
    }
    assert.deepEqual(broken.state(), whole.state());
  });

  test('a member offered again changes nothing', () => {
    const set = runningSet({ capacity: 3, deltaNorm, width: WIDTH });
    const [first] = gradients(4, 1).map(candidate) as [Candidate];
    set.offer('a', first);
    const before = set.state();
    assert.equal(set.offer('a', first), undefined);
    assert.deepEqual(set.state(), before);
  });

  test('refuses what has no direction, another width, no room, and a state whose members are gone', () => {
    const options = { capacity: 3, deltaNorm, width: WIDTH };
    const set = runningSet(options);
    const [good] = gradients(5, 1).map(candidate) as [Candidate];
    for (const norm of [0, Number.NaN, Infinity]) assert.throws(() => set.offer('a', { ...good, norm }), RangeError);
    assert.throws(() => set.gain({ ...good, sketch: new Float32Array(3) }), /sketch of 24, got 3/);
    assert.throws(() => runningSet({ ...options, capacity: 0 }), /capacity/);
    set.offer('a', good);
    assert.throws(() => runningSet(options, set.state()), /member a/);
    assert.throws(() => runningSet({ ...options, width: 8 }, set.state()), /14 values, got 30/);
  });
});
