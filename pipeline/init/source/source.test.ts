/** The contract of a source, held by deltasift's own kit, and what this one makes of its records. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Source } from 'deltasift';
import { sourceContract } from 'deltasift/kit';
import plugin from './source.ts';

const folder = mkdtempSync(join(tmpdir(), 'my-source-'));
after(() => rmSync(folder, { recursive: true }));

const of = (settings: object): Source => plugin.create(plugin.config.parse(settings));

function largeFile(bytes: number): string {
  const path = join(folder, 'large.tsv');
  const line = `id\t\t${'words and more words '.repeat(800)}\n`;
  writeFileSync(path, line.repeat(Math.ceil(bytes / line.length)));
  return path;
}

describe('my-source', () => {
  sourceContract({
    make: () => of({}),
    large: { bytes: 32 << 20, make: () => of({ path: largeFile(32 << 20) }) },
  });

  test('yields a document for each line, rejects broken ones and drops empty ones', async () => {
    const records = await Array.fromAsync(of({}).read(undefined, new AbortController().signal));
    const found = records.map((record) => {
      if ('document' in record) return record.document.id;
      return 'drop' in record ? record.drop.reason : record.reject.code;
    });
    assert.deepEqual(found, ['a', 'b', 'empty', 'malformed-record', 'e']);
  });
});
