/** What is kept in memory, and of each kind on disk, is bounded: docs/retention.md lists the caps; test/pipeline/store/caps.test.ts has the store's own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { EXAMPLES } from '../pipeline/legs/drop-sample.ts';
import { watch } from '../pipeline/serve/watch.ts';
import { dropTable } from '../pipeline/store/drop-examples.ts';
import { dropMessage } from '../pipeline/store/messages.ts';
import { migrate } from '../pipeline/store/migrations.ts';
import { replayTable } from '../pipeline/store/replay.ts';
import { openStore } from '../pipeline/store/store.ts';
import { openView } from '../pipeline/store/view.ts';
import { alert } from '../stages/alert.ts';
import { exchangeHistory, liveSet } from '../stages/live-set.ts';
import type { Matched } from '../stages/match.ts';
import { MINIMA } from '../stages/math/bands.ts';
import { signatureIndex } from '../stages/math/signature-index.ts';
import { alertOf } from './alert/alert-of.ts';
import { ruleWith } from './alert/rules.ts';
import { folders } from './kit/folder.ts';

const folder = folders();
const { signal } = new AbortController();

function database() {
  const made = new Sqlite(':memory:');
  migrate(made);
  return made;
}

describe('at its cap', () => {
  test('a rule remembers its last 256 documents told of, and 1,000 hosts', async () => {
    const rule = ruleWith({ nearDuplicates: 'drop', hostSeconds: 1e9 });
    const stage = alert<Matched>({ rules: [rule], saved: () => undefined });
    const alerts = Array.from({ length: 1100 }, (_, i) =>
      alertOf(`k${i}`, { host: `h${i}`, at: i, signature: new Int32Array(64).fill(i) }),
    );
    const [outcome] = (await stage.process([{ alerts, states: [] }], signal)) as readonly (readonly Matched[])[];
    const memory = JSON.parse(String(outcome![0]!.states.at(-1)!.value)) as {
      signatures: unknown[];
      hosts: unknown[][];
    };
    assert.deepEqual([memory.signatures.length, memory.hosts.length, memory.hosts.at(-1)![0]], [256, 1000, 'h1099']);
  });

  test('a live set lists its last 256 exchanges, and counts all', () => {
    const history = exchangeHistory(undefined);
    for (let i = 0; i < 300; i++) history.add({ added: `k${i}`, removed: undefined }, 0);
    const { recent, exchanges } = liveSet(history.bytes([], 0));
    assert.deepEqual([recent.length, recent.at(-1)!.added, exchanges], [256, 'k299', 300]);
  });

  test('of each reason so many examples of what was dropped are kept, whatever comes', () => {
    const drops = dropTable(database());
    const put = (reason: string, i: number) =>
      drops.put(
        1,
        dropMessage({ stage: 's', reason, key: `k${i}`, id: '', url: '', text: '', source: '', origin: '' }),
      );
    for (let i = 0; i < 3 * EXAMPLES; i++) for (const reason of ['one', 'two']) put(reason, i);
    assert.equal(drops.list().length, 2 * EXAMPLES);
  });

  test('replay records take so many bytes, the newest ones', () => {
    const sqlite = database();
    const { put, size } = replayTable(sqlite);
    for (let i = 0; i < 50; i++) put(`k${i}`, Buffer.alloc(100), 1000);
    assert.deepEqual(size(), { records: 10, bytes: 1000 });
    assert.equal(sqlite.prepare('SELECT min(key) FROM replay').pluck().get(), 'k40');
  });

  test('an index of signatures forgets the oldest', () => {
    const index = signatureIndex(3);
    for (let i = 0; i < 5; i++) index.add(`k${i}`, { bands: Int32Array.of(7), minima: Buffer.alloc(MINIMA, i) });
    assert.deepEqual(
      [...index.candidates(Int32Array.of(7))].map(({ key }) => key),
      ['k2', 'k3', 'k4'],
    );
    assert.equal(index.get('k0'), undefined);
  });

  test('a server remembers a quarter of an hour of samples', async () => {
    const dir = folder();
    openStore(dir).close();
    const view = openView(dir);
    let at = 0;
    const watching = watch({ view, clock: () => ++at, documents: () => 0, intervalMs: 1 });
    while (at < 1000) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(watching.history().length, 900);
    assert.ok(watching.history()[0]!.at > 1);
    watching.close();
    view.close();
  });
});
