import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { advantage, finding } from '../../stages/evaluate/finding.ts';
import { textBaseline } from '../../stages/evaluate/text-baseline.ts';
import { random } from '../../stages/math/random.ts';

const uniform = (stream: number, n: number) => Array.from(random(41).words(stream, 0, n), (word) => word / 2 ** 32);
const member = Array.from({ length: 200 }, (_, i) => i % 4 === 0);
const options = { n: 50, seed: 1, resamples: 100 };
const noise = uniform(0, 200);
const good = noise.map((value, i) => value + (member[i] ? 0.5 : 0));
const better = noise.map((value, i) => value + (member[i] ? 0.58 : 0));

describe('finding', () => {
  test('a perfect ranking finds all, and no resample changes that', () => {
    const { auroc, tprAt1, precision, recall, lift } = finding(member.map(Number), member, options);
    for (const { value, low, high } of [auroc, tprAt1, precision, recall])
      assert.deepEqual([value, low, high], [1, 1, 1]);
    assert.equal(lift.value, 4);
  });

  test('a random ranking finds what chance finds, within the intervals', () => {
    const { auroc, lift } = finding(noise, member, options);
    assert.ok(auroc.low < 0.5 && auroc.high > 0.5);
    assert.ok(lift.low < 1 && lift.high > 1);
  });

  test('the paired advantage tells rankings apart whose own intervals overlap', () => {
    const [one, other] = [finding(good, member, options), finding(better, member, options)];
    assert.ok(one.auroc.high > other.auroc.low, 'the intervals overlap');
    assert.ok(advantage(better, good, member, options).low > 0);
    assert.deepEqual(advantage(good, good, member, options), { value: 0, low: 0, high: 0 });
  });
});

describe('text baseline', () => {
  const about = (words: readonly string[], stream: number) =>
    uniform(stream, 12)
      .map((draw) => words[Math.floor(draw * words.length)]!)
      .join(' ');
  const sea = ['ship', 'Sea', 'whale', 'mast', 'wind', 'the', 'a'];
  const court = ['law', 'judge', 'court', 'appeal', 'plea', 'the', 'a'];

  test('finds true documents by the words of the other true ones', () => {
    const isTrue = Array.from({ length: 40 }, (_, i) => i < 10);
    const texts = isTrue.map((is, i) => about(is ? sea : court, i));
    const { auroc } = finding(textBaseline(texts, isTrue), isTrue, { ...options, n: 10 });
    assert.ok(auroc.value > 0.95, `${auroc.value}`);
  });

  test('a true document gains nothing from its own words', () => {
    const texts = ['unique words here', ...Array.from({ length: 9 }, (_, i) => about(court, i)), about(sea, 20)];
    const isTrue = texts.map((_, i) => i === 0 || i === 10);
    assert.equal(textBaseline(texts, isTrue)[0], 0);
  });
});
