import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Delivered, Outgoing } from '../../pipeline/contract.ts';
import { type Gathering, gathering } from '../../pipeline/gather/gathering.ts';
import { liveShares } from '../../pipeline/gather/live-shares.ts';
import { countMessage, deadMessage, selectionMessage } from '../../pipeline/store/messages.ts';
import { openStore, type Store } from '../../pipeline/store/store.ts';
import { openView } from '../../pipeline/store/view.ts';
import { deltaCodec, selectionCodec } from '../../schemas/codec.ts';
import type { Delta } from '../../schemas/types.ts';
import { random } from '../../stages/math/random.ts';
import { type Selected, select } from '../../stages/select.ts';
import { DELTA, scoreOf } from '../kit/store.ts';

const PARTITIONS = 3;
const KEEP = 5;
const OTHERS = 3;
const LISTS = ['top', 'sample', 'bottom', 'likely', 'unlikely', 'pool'] as const;

const dir = mkdtempSync(join(tmpdir(), 'deltasift-gathering-'));
after(() => rmSync(dir, { recursive: true }));

/** Opened as a process that starts does. */
function open(name: string): { readonly store: Store; readonly held: Gathering } {
  const store = openStore(join(dir, name));
  const record = { base: 'b', tuned: 't', norm: 1, baseNorm: 1, measurement: 'm', keep: KEEP, rankBy: 'cosine' };
  store.addDelta({ id: DELTA, ...record });
  return { store, held: heldBy(store) };
}

function heldBy(store: Store): Gathering {
  const shares = liveShares({ store, keep: KEEP, others: OTHERS, partitions: PARTITIONS });
  return gathering({ store, scan: store.scan('cluster'), shares, keep: KEEP, measurement: 'm' });
}

/** What a worker of a partition writes of its part of the stream, batch by batch. */
async function changesOf(documents: readonly number[]): Promise<readonly Outgoing[]> {
  const options = { deltas: [{ id: DELTA, norm: 1 }], keep: KEEP, pool: { size: 4, width: 2 }, others: OTHERS };
  const stage = select(options, { best: () => [], pool: () => [], other: () => [], state: () => undefined });
  const all: Outgoing[] = [];
  for (let i = 0; i < documents.length; i += 4) {
    const batch = documents.slice(i, i + 4).map((n) => {
      const key = ((n * 2_654_435_761) % 2 ** 32).toString(16).padStart(12, '0');
      return scoreOf(key, (n * 37) % 101, { sketch: Float32Array.of(n % 7, 1), lossTunedHead: (n * 13) % 17 });
    });
    const outcomes = (await stage.process(batch, AbortSignal.timeout(10_000))) as readonly (readonly Selected[])[];
    all.push(...outcomes.flat().flatMap(({ changes }) => changes.map(selectionMessage)));
  }
  return all;
}

/** What is left of each key. */
function lastOf(changes: readonly Outgoing[]): ReadonlyMap<string, Buffer> {
  const last = new Map<string, Buffer>();
  for (const { key, value } of changes) {
    if (value === null) last.delete(key);
    else last.set(key, Buffer.from(value));
  }
  return last;
}

const on = (message: Outgoing, partition: number, offset: number): Delivered => ({ ...message, partition, offset });

describe('a store that follows a cluster', () => {
  test('holds what one worker would have kept, however shares interleave and wherever it was begun anew', async () => {
    const parts = Array.from({ length: PARTITIONS }, (_, p) =>
      Array.from({ length: 80 }, (_, i) => i).filter((i) => i % PARTITIONS === p),
    );
    const logs = (await Promise.all(parts.map(changesOf))).map((log, p) => log.map((one, i) => on(one, p, i)));
    const one = lastOf(await changesOf(parts.flat().sort((a, b) => a - b)));
    const pools = new Map(logs.flatMap((log) => [...lastOf(log)].filter(([key]) => key.startsWith(`${DELTA}/pool/`))));

    const draws = random(7).words(0, 0, 4000);
    let drawn = 0;
    const next = () => draws[drawn++]! / 2 ** 32;
    const places = parts.map(() => 0);
    let at = open('interleaved');
    while (places.some((place, p) => place < logs[p]!.length)) {
      const p = Math.floor(next() * PARTITIONS);
      const to = places[p]! + 1 + Math.floor(next() * 9);
      at.held.take(logs[p]!.slice(places[p], to));
      places[p] = Math.min(to, logs[p]!.length);
      if (next() < 0.15) {
        at.store.close();
        at = open('interleaved');
        assert.deepEqual(
          [...at.held.placesOf('selection')].sort(),
          places.flatMap((place, own) => (place === 0 ? [] : [[own, place]])),
          'it goes on where it was',
        );
      }
    }
    for (const list of LISTS) {
      const place = `${DELTA}/${list}/`;
      const expected = [...(list === 'pool' ? pools : one).keys()].filter((key) => key.startsWith(place)).sort();
      assert.deepEqual(
        Array.from(at.store.members(DELTA, list), ({ key }) => place + key),
        expected,
        list,
      );
    }
    const quantiles = selectionCodec.decode(one.get(`${DELTA}/state/quantiles`)!).value;
    assert.deepEqual(at.store.state(DELTA, 'quantiles'), quantiles);
    at.store.close();
  });

  test('a dead letter that is sent again is gone, whichever of the two came first', () => {
    const { store, held } = open('letters');
    const headers = { stage: 'score', code: 'too-short', reason: 'short' };
    const letter = deadMessage({ key: 'k', bytes: Buffer.from('x'), headers });
    const mark = { topic: 'replayed', key: '0/0', value: Buffer.alloc(0), headers: {} };
    held.take([on(letter, 0, 0), on(letter, 0, 1), on(letter, 1, 0)]);
    assert.equal(store.rejects().length, 3);
    held.take([on(mark, 0, 0), on({ ...mark, key: '1/1' }, 0, 1)]);
    assert.equal(store.rejects().length, 2);
    held.take([on(letter, 1, 1)]);
    assert.equal(store.rejects().length, 2);
    store.close();
  });

  test('says what waits for the legs of the cluster, and counts what they count once', () => {
    const { store, held } = open('lag');
    const count = countMessage({ stage: 'score', outcome: 'in', code: '', n: 4 });
    held.take([on(count, 0, 0)]);
    held.waits('select', 'scores', 3, 10);
    held.waits('watch', 'scores', 10, 10);
    const view = openView(join(dir, 'lag'));
    assert.deepEqual(
      view.waiting().map(({ group, messages }) => [group, messages]),
      [
        ['select', 7],
        ['watch', 0],
      ],
    );
    assert.deepEqual(view.store.counts(), [{ stage: 'score', outcome: 'in', code: '', n: 4 }]);
    view.close();
    store.close();
  });

  test('a delta that was removed stays so when it is begun anew, and one of another measurement never comes', async () => {
    const entry = {
      id: DELTA,
      base: 'b',
      tuned: 't',
      norm: 1,
      baseNorm: 1,
      measurement: 'm',
      keep: KEEP,
      rankBy: 'cosine',
    };
    const delta = (rest: Partial<Delta>, offset: number): Delivered => {
      const value = { ...entry, layers: 'head', alone: false, state: 'active', changedAt: '', ...rest };
      return on({ topic: 'deltas', key: value.id, value: deltaCodec.encode(value), headers: {} }, 0, offset);
    };
    const log = [
      delta({}, 0),
      delta({ id: 'second' }, 1),
      delta({ id: 'other', measurement: 'elsewhere' }, 2),
      delta({ state: 'removed' }, 3),
      delta({ id: 'second', state: 'paused' }, 4),
    ];
    const changes = (await changesOf([1, 2, 3])).map((one, i) => on(one, 0, i));
    const ids = (store: Store) => store.deltas().map(({ id, paused }) => [id, paused]);

    let { store, held } = open('removed');
    held.take(log.slice(0, 3));
    held.take(changes.slice(0, 4));
    assert.ok([...store.members(DELTA, 'top')].length > 0);
    held.take(log.slice(3));
    assert.deepEqual(ids(store), [['second', true]]);
    store.close();
    store = openStore(join(dir, 'removed'));
    held = heldBy(store);
    held.take(log); // the topic is read from its beginning
    held.include({ ...entry, layers: 'head', alone: false, state: 'active', changedAt: '' });
    held.take(changes.slice(4));
    assert.deepEqual(ids(store), [['second', true]]);
    assert.deepEqual([...store.members(DELTA, 'top')], []);
    store.close();
  });

  test('is no store that a scan of this machine wrote', () => {
    const store = openStore(join(dir, 'scan'));
    const scan = store.scan('cluster');
    scan.commit(() => scan.write(countMessage({ stage: 'score', outcome: 'in', code: '', n: 4 })));
    store.close();
    assert.throws(() => open('scan'), /holds a scan of this machine: name another folder/);
  });
});
