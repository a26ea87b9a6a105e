/** The docs name what there is. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { REJECT_CODES } from '../pipeline/contract.ts';

const read = (file: string): string => readFileSync(new URL(`../docs/${file}`, import.meta.url), 'utf8');

describe('docs', () => {
  test('rejects.md explains every code and no other', () => {
    const explained = [...read('rejects.md').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code!);
    assert.deepEqual(explained.toSorted(), [...REJECT_CODES].sort());
  });
});
