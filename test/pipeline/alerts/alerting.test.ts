import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { alertReaders, notify } from '../../../pipeline/alerts/alerting.ts';
import type { AlertSink } from '../../../pipeline/contract.ts';
import { alertTransports, leaveAllBut } from '../../../pipeline/embedded/alerts.ts';
import { bell } from '../../../pipeline/embedded/bell.ts';
import { drained } from '../../../pipeline/embedded/drained.ts';
import { alertMessages } from '../../../pipeline/store/messages.ts';
import { openStore } from '../../../pipeline/store/store.ts';
import type { Alert } from '../../../schemas/types.ts';
import { alertOf } from '../../alert/alert-of.ts';
import { ruleWith } from '../../alert/rules.ts';
import { folders } from '../../kit/folder.ts';
import { DELTA } from '../../kit/store.ts';

const folder = folders();

/** A store that alerts come into, and sinks that are told of them. */
function telling(dir: string, send: Readonly<Record<string, AlertSink['send']>>) {
  const store = openStore(dir);
  const scan = store.scan(DELTA);
  const changed = bell();
  const sinks = Object.entries(send).map(([name, one]) => ({ name, sink: { send: one } }));
  const readers = alertReaders(
    { rules: [ruleWith({ sinks: undefined })], sinks, close: async () => undefined },
    { clock: () => 1_700_000_100, random: () => 0, tell: () => undefined },
  );
  leaveAllBut(scan, readers);
  const stop = new AbortController();
  const transports = alertTransports(scan, 3600, changed);
  const told = notify(readers, transports, stop.signal);
  return {
    store,
    scan,
    transports,
    commit(...alerts: readonly Alert[]) {
      scan.commit(() => {
        for (const message of alerts.flatMap(alertMessages)) scan.write(message);
      });
      changed.ring();
    },
    settled: () => drained(scan.log, 'alerts', changed, AbortSignal.timeout(2000)),
    async end() {
      stop.abort();
      await told;
      store.close();
    },
  };
}

describe('telling of alerts', () => {
  test('each sink is told of each alert, in order', async () => {
    const told: Record<string, string[]> = { one: [], two: [] };
    const run = telling(folder(), {
      one: async ({ key }) => void told['one']!.push(key),
      two: async ({ key }) => void told['two']!.push(key),
    });
    run.commit(alertOf('a'), alertOf('b', { held: 'host' }), alertOf('c'));
    await run.settled();
    await run.end();
    assert.deepEqual(told, { one: ['a', 'c'], two: ['a', 'c'] });
  });

  test('a sink that fails holds up no other, and gets what it missed when it is opened again, also after a kill', async () => {
    const dir = folder();
    const told: string[] = [];
    const first = telling(dir, {
      up: async ({ key }) => void told.push(`up ${key}`),
      down: async () => {
        throw new Error('down');
      },
    });
    first.commit(alertOf('a'), alertOf('b'));
    while (told.length < 2) await delay(1);
    await first.end();
    const second = telling(dir, {
      up: async ({ key }) => void told.push(`up ${key}`),
      down: async ({ key }) => void told.push(`down ${key}`),
    });
    await second.settled();
    await second.end();
    assert.deepEqual(told, ['up a', 'up b', 'down a', 'down b']);
  });

  test('an alert that comes again is recorded and told of once', async () => {
    const told: string[] = [];
    const run = telling(folder(), { one: async ({ key }) => void told.push(key) });
    run.commit(alertOf('a'));
    run.commit(alertOf('a'), alertOf('b'));
    await run.settled();
    assert.equal(run.store.alerts.list().length, 2);
    await run.end();
    assert.deepEqual(told, ['a', 'b']);
  });

  test('what the limit held goes out as one digest, also where nothing more comes', async () => {
    const told: Alert[] = [];
    const run = telling(folder(), { one: async (alert) => void told.push(alert) });
    run.commit(alertOf('a'), ...['b', 'c', 'd'].map((key, i) => alertOf(key, { held: 'limit', value: i })));
    await run.transports.digest.flush(AbortSignal.timeout(2000));
    await run.settled();
    await run.end();
    assert.deepEqual(
      told.map(({ kind, count, key }) => [kind, count, key]),
      [
        ['match', 1, 'a'],
        ['digest', 3, 'd'],
      ],
    );
    assert.equal(told[1]!.digest.split('\n').length, 4);
  });

  test('counts what became of alerts at each sink; nothing is kept for a sink that was taken out', async () => {
    const dir = folder();
    const first = telling(dir, { one: async () => undefined, two: async () => Promise.reject(new Error('down')) });
    first.commit(alertOf('a'), alertOf('b', { held: 'limit' }));
    await delay(20);
    await first.end();
    const second = telling(dir, { one: async () => undefined });
    await second.settled();
    assert.deepEqual(second.scan.log.read('alerts', 0, 10), []);
    assert.deepEqual(
      second.store.counts().map(({ stage, outcome, code, n }) => `${stage} ${outcome} ${code} ${n}`),
      ['notify.one dropped held 1', 'notify.one in  2', 'notify.one out  1'],
    );
    await second.end();
  });
});
