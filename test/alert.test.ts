import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Alert } from '../schemas/types.ts';
import type { Rule } from '../stages/alert/rule.ts';
import { alert } from '../stages/alert.ts';
import type { Matched } from '../stages/match.ts';
import { alertOf } from './alert/alert-of.ts';
import { ruleWith } from './alert/rules.ts';
import { stageContract } from './kit/stage.ts';

const { signal } = new AbortController();

/** Why each is held, in order; the stage is opened anew before every alert. */
async function held(rule: Partial<Rule>, alerts: readonly Alert[]): Promise<readonly string[]> {
  const states = new Map<string, Buffer>();
  const reasons: string[] = [];
  for (const one of alerts) {
    const stage = alert<Matched>({ rules: [ruleWith(rule)], saved: (name) => states.get(name) });
    const [outcome] = (await stage.process([{ alerts: [one], states: [] }], signal)) as readonly (readonly Matched[])[];
    for (const { alerts: settled, states: changed } of outcome!) {
      reasons.push(...settled.map((each) => each.held));
      for (const { name, value } of changed) states.set(name, value);
    }
  }
  return reasons;
}

describe('alert', () => {
  stageContract(
    () => alert<Matched>({ rules: [ruleWith({ nearDuplicates: 'drop' })], saved: () => undefined }),
    ['a', 'b', 'a'].map((key) => ({ alerts: [alertOf(key)], states: [] })),
  );

  test('tells of everything where the rule limits nothing', async () => {
    assert.deepEqual(await held({}, [alertOf('a'), alertOf('a'), alertOf('b')]), ['', '', '']);
  });

  test('tells of near duplicates once, also after a restart', async () => {
    const near = alertOf('other', { signature: alertOf('a').signature.map((n, i) => (i < 10 ? n + 1 : n)) });
    const far = alertOf('third', { signature: alertOf('a').signature.map((n, i) => (i < 30 ? n + 1 : n)) });
    assert.deepEqual(await held({ nearDuplicates: 'drop' }, [alertOf('a'), near, far, near]), [
      '',
      'near-duplicate',
      '',
      'near-duplicate',
    ]);
  });

  test('tells of a host once within so many seconds; documents without a host are no host', async () => {
    const from = (host: string | null, at: number) => alertOf(`${host}${at}`, { host, at });
    const alerts = [from('a', 0), from('b', 10), from('a', 50), from(null, 51), from(null, 52), from('a', 100)];
    assert.deepEqual(await held({ hostSeconds: 60 }, alerts), ['', '', 'host', '', '', '']);
  });

  test('rests after an alert until it was quiet for long enough', async () => {
    const rule = { hysteresis: { release: { kind: 'above', value: 0.3 }, quiet: 5 } } as const;
    const alerts = [1000, 0, 4, 5, 3].map((quiet, i) => alertOf(`k${i}`, { quiet }));
    assert.deepEqual(await held(rule, alerts), ['', 'episode', 'episode', '', 'episode']);
  });

  test('tells of so many in a stretch of time, and holds the others for the digest', async () => {
    const alerts = [0, 1, 2, 59, 60, 61, 62].map((at) => alertOf(`k${at}`, { at }));
    assert.deepEqual(await held({ limit: { alerts: 2, seconds: 60 } }, alerts), [
      '',
      '',
      'limit',
      'limit',
      '',
      '',
      'limit',
    ]);
  });

  test('what was held does not count: neither as told of, nor towards the limit', async () => {
    const rule = { nearDuplicates: 'drop', limit: { alerts: 2, seconds: 60 } } as const;
    assert.deepEqual(await held(rule, [alertOf('a'), alertOf('a'), alertOf('b')]), ['', 'near-duplicate', '']);
  });

  test('rules and deltas are each by themselves', async () => {
    const stage = alert<Matched>({
      rules: [ruleWith({ limit: { alerts: 1, seconds: 60 } }), ruleWith({ name: 'other' })],
      saved: () => undefined,
    });
    const alerts = [
      alertOf('a'),
      alertOf('b', { delta: 'e' }),
      alertOf('c', { rule: 'other' }),
      alertOf('d', { rule: 'gone' }),
    ];
    const [outcome] = (await stage.process([{ alerts, states: [] }], signal)) as readonly (readonly Matched[])[];
    assert.deepEqual(
      outcome![0]!.alerts.map(({ key, held: why }) => [key, why]),
      [
        ['a', ''],
        ['b', ''],
        ['c', ''],
      ],
    );
  });
});
