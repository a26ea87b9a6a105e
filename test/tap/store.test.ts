import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../../pipeline/error.ts';
import { countMessage, deadMessage, selectionMessage } from '../../pipeline/store/messages.ts';
import { openStore } from '../../pipeline/store/store.ts';
import { openView } from '../../pipeline/store/view.ts';
import { followStore, newestOfStore } from '../../pipeline/tap/from-store.ts';
import { isAsked, plain, type Tapped } from '../../pipeline/tap/message.ts';
import { shown } from '../../pipeline/tap/shown.ts';
import { documentCodec, scoreCodec } from '../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import { folders } from '../kit/folder.ts';
import { DELTA, scoreOf } from '../kit/store.ts';

const folder = folders();

function opened() {
  const dir = folder();
  const store = openStore(dir);
  const scan = store.scan('scan');
  const view = openView(dir);
  return {
    scan,
    tapOf: (topic: string) => ({ topic, rows: view.topic(topic), version: view.version }),
    publish(id: string) {
      const value = documentCodec.encode({ ...NO_PROVENANCE, key: `key ${id}`, id, url: null, text: `text of ${id}` });
      scan.commit(() => scan.write({ topic: 'documents', key: `key ${id}`, value, headers: { source: 's' } }));
    },
    close() {
      view.close();
      store.close();
    },
  };
}

const all = () => true;
const idOf = ({ value }: Tapped) => (value as { id: string }).id;

describe('tap of a store', () => {
  test('shows the newest messages that wait, decoded, oldest first; one that is none with its bytes and the reason', () => {
    const { scan, tapOf, publish, close } = opened();
    for (const id of ['a', 'b', 'c']) publish(id);
    const tap = tapOf('documents');
    assert.deepEqual(newestOfStore(tap, 2, all).map(idOf), ['b', 'c']);
    const poison = { topic: 'documents', key: 'p', value: Buffer.from('c30100ff', 'hex'), headers: {} };
    scan.commit(() => scan.write(poison));
    const [last] = newestOfStore(tap, 1, all);
    assert.match(last!.fault!, /.+/);
    assert.deepEqual(last!.value, poison.value);
    assert.match(shown(last!, 100), /cannot be read: .*\n {2}c30100ff \(4 bytes\)\n$/);
    assert.deepEqual(
      newestOfStore(tap, 9, (one) => isAsked(one, { poison: true })),
      [last],
    );
    close();
  });

  test('looks back as far as it has to for what is asked for by key or by what a message holds', () => {
    const { tapOf, publish, close } = opened();
    for (let i = 0; i < 50; i++) publish(String(i));
    const found = (query: Parameters<typeof isAsked>[1]) =>
      newestOfStore(tapOf('documents'), 1, (one) => isAsked(one, query)).map(idOf);
    assert.deepEqual(found({ key: 'key 3' }), ['3']);
    assert.deepEqual(found({ match: 'TEXT OF 4' }), ['49']);
    assert.deepEqual(found({ match: 'of nobody' }), []);
    close();
  });

  test('shows what became of documents: the best, counters, dead letters', () => {
    const { scan, tapOf, close } = opened();
    const value = scoreCodec.encode(scoreOf('k', 7));
    scan.commit(() => {
      scan.write(selectionMessage({ delta: DELTA, list: 'top', key: 'k', gain: 0, value }));
      scan.write(countMessage({ stage: 'score', outcome: 'out', code: '', n: 5 }));
      const headers = { stage: 'decode', code: 'undecodable-message', reason: 'no value', topic: 'documents' };
      scan.write(deadMessage({ key: 'bad', bytes: Buffer.of(0, 255), headers }));
    });
    const [best] = newestOfStore(tapOf('selection'), 5, all);
    assert.equal(best!.key, `${DELTA}/top/k`);
    assert.equal((best!.value as { ranking: number }).ranking, 0.07);
    const [count] = newestOfStore(tapOf('counts'), 5, all);
    assert.deepEqual([count!.key, count!.value], ['score/out/', { n: 5 }]);
    const [dead] = newestOfStore(tapOf('dead'), 5, all);
    assert.equal(dead!.headers['reason'], 'no value');
    assert.equal((plain(dead!) as { value: string }).value, 'AP8=');
    close();
  });

  test('follows: what comes from now on, each once; counters when they change', async () => {
    const { scan, tapOf, publish, close } = opened();
    const count = () => scan.commit(() => scan.write(countMessage({ stage: 's', outcome: 'in', code: '', n: 1 })));
    publish('before');
    count();
    const stop = new AbortController();
    const seen: unknown[] = [];
    const followed = ['documents', 'counts'].map(async (topic) => {
      for await (const { value } of followStore(tapOf(topic), stop.signal))
        seen.push((value as { id?: string }).id ?? value);
    });
    await delay(50);
    publish('after');
    await delay(50);
    publish('later');
    count();
    while (seen.length < 3) await delay(20);
    stop.abort();
    for (const one of followed) await assert.rejects(one, { name: 'AbortError' });
    assert.deepEqual(
      seen.filter((one) => typeof one === 'string'),
      ['after', 'later'],
    );
    assert.deepEqual(
      seen.filter((one) => typeof one !== 'string'),
      [{ n: 2 }],
    );
    close();
  });

  test('names the topics that a store has', () => {
    const { tapOf, close } = opened();
    assert.throws(
      () => tapOf('tokens'),
      (error) => error instanceof ConfigError && /documents, .*counts/.test(error.message),
    );
    close();
  });

  test('lets no control character of a crawl through to the terminal', () => {
    const { tapOf, publish, close } = opened();
    publish('\u001b[2J\u202e');
    assert.doesNotMatch(shown(newestOfStore(tapOf('documents'), 1, all)[0]!, 200), /[^\P{Cc}\n]|\p{Bidi_Control}/u);
    close();
  });
});
