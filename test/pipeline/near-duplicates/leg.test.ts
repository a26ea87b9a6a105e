/** Documents past the partitions of their bands, in every order in which partitions may get to work. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Drop } from '../../../pipeline/contract.ts';
import { compareLeg, firstComparison } from '../../../pipeline/near-duplicates/leg.ts';
import { NO_PROVENANCE } from '../../../schemas/provenance.ts';
import type { Document } from '../../../schemas/types.ts';
import { signatureIndex } from '../../../stages/math/signature-index.ts';
import { bandedText, likeness, nearDuplicates } from '../../../stages/near-duplicates.ts';
import { bandsInMemory } from '../../kit/bands.ts';

const THRESHOLD = 0.8;
const PARTITIONS = 5;
const [FAMILIES, VERSIONS] = [8, 5];

/** Families of texts, each version one word further from the first: neighbours are alike, and the first and the last are not. */
const documents: readonly Document[] = Array.from({ length: FAMILIES * VERSIONS }, (_, i) => {
  const [family, version] = [i % FAMILIES, Math.floor(i / FAMILIES)];
  const word = (j: number) => (j % 20 === 3 && j / 20 < version ? `new${family}x${j}` : `w${family}x${j}`);
  const key = `${family}.${version}`;
  return { ...NO_PROVENANCE, key, id: key, url: null, text: Array.from({ length: 110 }, (_, j) => word(j)).join(' ') };
});
const known = new Map(documents.map(({ key, text }) => [key, bandedText(text, THRESHOLD)]));

/** Whether the documents of these keys share a band, and so much. */
function isLike(a: string, b: string): boolean {
  const [one, other] = [known.get(a)!, known.get(b)!];
  const isNear = likeness(a, one.minima, THRESHOLD);
  return one.bands.some((band, i) => band === other.bands[i]) && isNear({ key: b, minima: other.minima });
}

/** Keys of those that a scan on one machine lets through. */
async function scanned(): Promise<readonly string[]> {
  const stage = nearDuplicates(THRESHOLD, signatureIndex(1000));
  const outcomes = await stage.process(documents, AbortSignal.timeout(60_000));
  return documents.filter((_, i) => !(outcomes[i] instanceof Drop)).map(({ key }) => key);
}

describe('near duplicates across partitions', () => {
  test('the documents of these tests are chains: more of them pass than there are families, and fewer than all', async () => {
    assert.ok(isLike('3.0', '3.1') && !isLike('3.0', `3.${VERSIONS - 1}`));
    const { length } = await scanned();
    assert.ok(length > FAMILIES && length < documents.length, `${length}`);
  });

  test('documents that come one after the other are let through and dropped as in a scan', async () => {
    for (const partitions of [1, 4, 31]) {
      const { publish, drain, passed } = await bandsInMemory({ threshold: THRESHOLD, partitions });
      for (const document of documents) {
        publish([document]);
        await drain();
      }
      assert.deepEqual(passed, await scanned(), `${partitions} partitions`);
    }
  });

  test('a message in another partition than its own, as a dead letter that was sent again may be, goes to its own, and is not counted', async () => {
    const leg = compareLeg({ threshold: THRESHOLD, partitions: PARTITIONS, kept: async () => signatureIndex(10) });
    const tokens = { ...documents[0]!, ids: Int32Array.of(1, 2), lengths: Int32Array.of(2), firsts: Int32Array.of(1) };
    const sent = firstComparison(tokens, { threshold: THRESHOLD, partitions: PARTITIONS });
    const other = (sent.partition! + 1) % PARTITIONS;
    await leg.prepare(other, AbortSignal.timeout(60_000));
    const message = { ...sent, partition: other, offset: 0 };
    const [list] = await leg.handle([message], AbortSignal.timeout(60_000));
    assert.deepEqual(list, [sent]);
  });

  const move = fc.record({
    partition: fc.nat(PARTITIONS - 1),
    most: fc.integer({ min: 1, max: 9 }),
    dies: fc.boolean(),
  });
  const moves = fc.array(move, { minLength: 30, maxLength: 200 });
  const orders = fc.shuffledSubarray([...documents], { minLength: documents.length });

  test('whichever partition gets to work, and whoever dies: none of two that are alike passes beside the other, of a family one does, and every document is counted once', async () => {
    await fc.assert(
      fc.asyncProperty(orders, moves, async (crawl, all) => {
        const { publish, step, drain, passed, counts, standing } = await bandsInMemory({
          threshold: THRESHOLD,
          partitions: PARTITIONS,
        });
        publish(crawl);
        for (const { partition, most, dies } of all) await step(partition, most, dies);
        await drain();

        assert.equal(new Set(passed).size, passed.length, 'none passes twice');
        const beside = passed.flatMap((a) => passed.filter((b) => isLike(a, b)).map((b) => `${a} and ${b}`));
        assert.deepEqual(beside, []);
        const families = new Set(passed.map((key) => key.split('.')[0]));
        assert.equal(families.size, FAMILIES);
        const told = ['in', 'out', 'dropped'].map((outcome) => counts.get(`near-duplicates ${outcome}`));
        assert.deepEqual(told, [crawl.length, passed.length, crawl.length - passed.length]);
        const standingAnywhere = new Set(standing.flatMap((one) => [...one.keys()]));
        assert.deepEqual([...standingAnywhere].sort(), [...passed].sort(), 'what was dropped stands nowhere');
      }),
      { numRuns: 30 },
    );
  });
});
