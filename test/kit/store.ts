/** What every store must do with what the select stage makes of a stream. Call it from the store's own test file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countMessage, selectionMessage } from '../../pipeline/store/messages.ts';
import type { Store } from '../../pipeline/store/store.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import type { Score } from '../../schemas/types.ts';
import { quantileSketch } from '../../stages/math/quantile.ts';
import { type Selected, select } from '../../stages/select.ts';

export const DELTA = 'd'.repeat(64);
const KEEP = 4;

/** A score of so many hundredths, under a key of this letter. */
export function scoreOf(key: string, hundredths: number, rest: Partial<Score> = {}): Score {
  return {
    key,
    id: `id of ${key}`,
    url: null,
    delta: DELTA,
    measurement: 'm',
    ranking: hundredths / 100,
    alignment: hundredths,
    gradientNorm: 1.5,
    loss: 5.25,
    lossTunedHead: 4.125,
    tokens: 2,
    window: 1,
    windows: 3,
    meanAlignment: 1 / 3,
    text: `text of ${key}`,
    ids: Int32Array.of(1, 2, 70000),
    tokenAlignment: Float32Array.of(0.5, -0.25),
    sketch: new Float32Array(),
    ...NO_PROVENANCE,
    cosine: hundredths / 100,
    lossTuned: null,
    label: null,
    ...rest,
  };
}

/** What a store says, besides, of a score that is no estimate. */
export const EXACT = { standardError: null };

export interface StoreOnDisk {
  /** The store as it is now; what was opened before is closed. */
  open(): Store;
}

export function storeContract(make: () => StoreOnDisk): void {
  const { signal } = new AbortController();

  /** Puts the scores through the select stage in batches of this size, opening the store anew before each. */
  async function offer(disk: StoreOnDisk, scores: readonly Score[], size: number): Promise<Store> {
    let store = disk.open();
    store.addDelta({
      id: DELTA,
      base: 'b',
      tuned: 't',
      norm: 1,
      baseNorm: 1,
      measurement: 'm',
      keep: KEEP,
      rankBy: 'cosine',
    });
    for (let from = 0; from < scores.length; from += size) {
      store = disk.open();
      const stage = select(
        { deltas: [{ id: DELTA, norm: 1 }], keep: KEEP, pool: undefined, others: 3 },
        {
          best: (id) => store.members(id, 'top'),
          pool: (id) => store.members(id, 'pool'),
          other: store.members,
          state: store.state,
        },
      );
      const outcomes = (await stage.process(scores.slice(from, from + size), signal)) as readonly Selected[][];
      const scan = store.scan('scan');
      scan.commit(() => {
        for (const { changes } of outcomes.flat()) for (const change of changes) scan.write(selectionMessage(change));
      });
    }
    return disk.open();
  }

  const offers = fc.array(fc.tuple(fc.constantFrom(...'abcdefgh'), fc.integer({ min: -3, max: 3 })), { maxLength: 12 });

  test('the same offers in any order, repetition and cut give the same top: ranking descending, then key', async () => {
    const given = fc.tuple(offers, fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat()));
    await fc.assert(
      fc.asyncProperty(given, async ([pairs, size, dice]) => {
        const scores = [...new Map(pairs).entries()].map(([key, hundredths]) => scoreOf(key, hundredths));
        const shuffled = [...scores, ...scores]
          .map((score) => ({ score, at: dice.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ score }) => score);
        const top = (await offer(make(), shuffled, size)).top(DELTA, KEEP);
        const expected = scores
          .toSorted((a, b) => b.ranking - a.ranking || (a.key < b.key ? -1 : 1))
          .slice(0, KEEP)
          .map((score, i) => ({ ...score, ...EXACT, rank: i + 1 }));
        assert.deepEqual(top, expected);
      }),
      { numRuns: 10 },
    );
  });

  test('the distribution of all scores is that of an uninterrupted run', async () => {
    const scores = Array.from({ length: 20 }, (_, i) => scoreOf(`k${i}`, i - 10));
    const store = await offer(make(), scores, 3);
    const whole = quantileSketch();
    for (const { ranking } of scores) whole.add(ranking);
    assert.deepEqual(Buffer.from(whole.bytes()), store.state(DELTA, 'quantiles'));
  });

  test('counters add up over commits and restarts, and one that is undone adds nothing', () => {
    const disk = make();
    for (let i = 1; i <= 3; i++) {
      const scan = disk.open().scan('scan');
      scan.commit(() => scan.write(countMessage({ stage: 's', outcome: 'dropped', code: 'duplicate', n: i })));
      assert.throws(() =>
        scan.commit(() => {
          scan.write(countMessage({ stage: 's', outcome: 'dropped', code: 'duplicate', n: 100 }));
          throw new Error('undone');
        }),
      );
    }
    assert.deepEqual(disk.open().counts(), [{ stage: 's', outcome: 'dropped', code: 'duplicate', n: 6 }]);
  });

  test('every field of a score comes back to the last bit', async () => {
    const odd = scoreOf('k', 0, {
      ranking: 0.1 + 0.2,
      alignment: -1e-300,
      url: 'https://example.org/ü?q=%20',
      text: 'NUL \0 and \u{1f600} and a line\nbreak',
      meanAlignment: Number.MIN_VALUE,
      source: 'warc:/crawl',
      origin: '{"warc":"a.gz"}',
      canonicalUrl: 'https://example.org/',
      host: 'example.org:8080',
      fetchedAt: '2024-01-31T23:59:59.000Z',
      title: 'Grüße',
      language: 'de',
      extraction: 'html-main',
    });
    const [found] = (await offer(make(), [odd], 1)).find('k', DELTA);
    assert.deepEqual(found, { ...odd, ...EXACT, rank: 1 });
  });
}
