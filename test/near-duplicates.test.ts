import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Drop } from '../pipeline/contract.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import type { Document } from '../schemas/types.ts';
import { signatureIndex } from '../stages/math/signature-index.ts';
import { nearDuplicates } from '../stages/near-duplicates.ts';

const { signal } = new AbortController();
const documentOf = (key: string, text: string): Document => ({ ...NO_PROVENANCE, key, id: key, url: null, text });
/** A text of its own for each seed. */
const words = (seed: number, n = 200) => Array.from({ length: n }, (_, i) => `w${(seed * 7919 + i * 104729) % 99991}`);
const said = async (stage: ReturnType<typeof nearDuplicates>, ...documents: readonly Document[]) =>
  (await stage.process(documents, signal)).map((outcome) => (outcome instanceof Drop ? outcome.reason : 'new'));

describe('near duplicates', () => {
  const text = words(1);
  const changed = text.with(100, 'another');

  test('are dropped where the first one of them was let through, and others are not', async () => {
    const stage = nearDuplicates(0.8, signatureIndex(1000));
    const documents = [
      documentOf('a', text.join(' ')),
      documentOf('b', changed.join(' ')),
      documentOf('c', words(2).join(' ')),
    ];
    assert.deepEqual(await said(stage, ...documents), ['new', 'near-duplicate', 'new']);
    assert.deepEqual(await said(stage, documentOf('d', text.with(3, 'once').join('\n').toUpperCase())), [
      'near-duplicate',
    ]);
  });

  test('are known by what was kept of an earlier run', async () => {
    const kept = signatureIndex(1000);
    const first = nearDuplicates(0.8, kept);
    await said(first, documentOf('a', text.join(' ')));
    kept.add('a', first.signature('a')!);
    assert.deepEqual(await said(nearDuplicates(0.8, kept), documentOf('b', changed.join(' '))), ['near-duplicate']);
  });

  test('are what the threshold says: a text that shares half of another passes at .9 and not at .3', async () => {
    const half = documentOf('b', [...text.slice(0, 130), ...words(3, 70)].join(' '));
    for (const [threshold, expected] of [
      [0.9, 'new'],
      [0.3, 'near-duplicate'],
    ] as const) {
      const stage = nearDuplicates(threshold, signatureIndex(1000));
      assert.deepEqual(await said(stage, documentOf('a', text.join(' ')), half), ['new', expected]);
    }
  });

  test('of a document that comes again are not itself', async () => {
    const stage = nearDuplicates(0.8, signatureIndex(1000));
    const document = documentOf('a', text.join(' '));
    assert.deepEqual(await said(stage, document, document), ['new', 'new']);
  });
});
