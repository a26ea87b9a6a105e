import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Score } from '../schemas/types.ts';
import type { Rule } from '../stages/alert/rule.ts';
import { type Matched, match } from '../stages/match.ts';
import { random } from '../stages/math/random.ts';
import { ruleWith } from './alert/rules.ts';
import { stageContract } from './kit/stage.ts';
import { scoreOf } from './kit/store.ts';

const { signal } = new AbortController();
type Out = { readonly score: Score } & Matched;

/** A stage whose states are kept as a store does. */
function stream(rules: readonly Rule[]) {
  const states = new Map<string, Buffer>();
  let at = 1000;
  const open = () => match<{ readonly score: Score }>({ rules, clock: () => at, saved: (name) => states.get(name) });
  let stage = open();
  return {
    states,
    reopen() {
      stage = open();
    },
    async offer(scores: readonly Score[], seconds = 1) {
      at += seconds;
      const outcomes = (await stage.process(
        scores.map((score) => ({ score })),
        signal,
      )) as readonly (readonly Out[])[];
      for (const { states: own } of outcomes.flat()) for (const { name, value } of own) states.set(name, value);
      return outcomes.flat().flatMap(({ alerts }) => alerts);
    },
  };
}

const one = (key: string, ranking: number, rest: Partial<Score> = {}) => scoreOf(key, 0, { ranking, ...rest });
/** [n] scores uniform in [0, 1) */
const uniform = (n: number, seed: number) =>
  Array.from(random(seed).words(0, 0, n), (word, i) => one(`${seed}/${i}`, word / 2 ** 32));

describe('match', () => {
  // the running values go out with the last document of a batch, and are therefore not compared
  stageContract(
    () => match<{ readonly score: Score }>({ rules: [ruleWith({})], clock: () => 0, saved: () => undefined }),
    ['a', 'b', 'c', 'd'].map((key, i) => ({ score: one(key, 0.3 * i) })),
    {
      equal: (actual, expected, message) =>
        assert.deepEqual(
          (actual as readonly Out[]).map(({ alerts }) => alerts),
          (expected as readonly Out[]).map(({ alerts }) => alerts),
          message,
        ),
    },
  );

  test('lets through what is above a value, with the id delta/document/rule', async () => {
    const found = await stream([ruleWith({ name: 'leaks' })]).offer([one('a', 0.5), one('b', 0.6), one('c', -1)]);
    assert.deepEqual(
      found.map(({ id, value, threshold, seen }) => [id, value, threshold, seen]),
      [[`${'d'.repeat(64)}/b/leaks`, 0.6, 0.5, 2]],
    );
  });

  test('waits for the documents a rule asks for, then arms', async () => {
    const { offer } = stream([ruleWith({ arm: 3 })]);
    assert.equal((await offer([one('a', 0.9), one('b', 0.9)])).length, 0);
    assert.equal((await offer([one('c', 0.9)])).length, 0);
    assert.equal((await offer([one('d', 0.9)])).length, 1);
  });

  test('a rule of rate p arms after 100/p documents, and then lets p of them through', async () => {
    const { offer } = stream([ruleWith({ level: { kind: 'rate', rate: 0.02 } })]);
    let found = 0;
    for (let batch = 0; batch < 50; batch++) found += (await offer(uniform(100, batch))).length;
    assert.equal(found, 0, 'before 5,000 documents');
    for (let batch = 50; batch < 150; batch++) found += (await offer(uniform(100, batch))).length;
    assert.ok(found > 200 / 1.5 && found < 200 * 1.5, `${found} of 10,000 at .02`);
  });

  test('a rule of so many a day follows the speed of the stream', async () => {
    const { offer } = stream([ruleWith({ level: { kind: 'perDay', perDay: 8640 }, arm: 1000 })]);
    let found = 0;
    // ten a second: 864,000 a day, of which a hundredth is asked for
    for (let batch = 0; batch < 300; batch++) {
      const now = (await offer(uniform(100, batch), 10)).length;
      if (batch >= 150) found += now;
    }
    assert.ok(found > 150 / 1.5 && found < 150 * 1.5, `${found} of 15,000 at .01`);
  });

  test('is about the hosts, languages and lengths it names', async () => {
    const documents = [
      one('a', 1, { host: 'www.example.org', language: 'en', tokens: 50 }),
      one('b', 1, { host: 'example.org', language: 'de', tokens: 5 }),
      one('c', 1, { host: 'badexample.org', language: null, tokens: 500 }),
      one('d', 1, { host: null, language: 'en', tokens: 50 }),
    ];
    const keys = async (rest: Partial<Rule>) =>
      (await stream([ruleWith(rest)]).offer(documents)).map(({ key }) => key).join('');
    assert.equal(await keys({}), 'abcd');
    assert.equal(await keys({ hosts: ['example.org'] }), 'ab');
    assert.equal(await keys({ exceptHosts: ['example.org'] }), 'cd');
    assert.equal(await keys({ languages: ['en'] }), 'ad');
    assert.equal(await keys({ minTokens: 50, maxTokens: 100 }), 'ad');
    assert.equal(await keys({ delta: 'dd' }), 'abcd');
    assert.equal(await keys({ delta: 'e' }), '');
  });

  test('counts a document that no rule is about towards the distribution', async () => {
    const { offer, states } = stream([ruleWith({ hosts: ['nowhere.example'] })]);
    await offer(uniform(150, 1));
    assert.ok([...states.keys()].some((name) => name.startsWith('calibration/')));
    assert.ok(states.values().next().value!.length > 100);
  });

  test('goes on after a restart as if there had been none', async () => {
    const rules = [
      ruleWith({
        level: { kind: 'rate', rate: 0.1 },
        hysteresis: { release: { kind: 'above', value: 0.9 }, quiet: 5 },
      }),
    ];
    const [whole, parts] = [stream(rules), stream(rules)];
    for (let batch = 0; batch < 30; batch++) {
      const scores = uniform(100, batch);
      parts.reopen();
      assert.deepEqual(await parts.offer(scores), await whole.offer(scores));
    }
    assert.deepEqual(parts.states, whole.states);
  });

  test('says how long it was quiet below the level of release', async () => {
    const rule = ruleWith({ hysteresis: { release: { kind: 'above', value: 0.4 }, quiet: 10 } });
    const found = await stream([rule]).offer(
      [0.1, 0.6, 0.1, 0.45, 0.1, 0.1, 0.7].map((score, i) => one(`k${i}`, score)),
    );
    assert.deepEqual(
      found.map(({ quiet }) => quiet),
      [1, 2],
    );
  });
});
