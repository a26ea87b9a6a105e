import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileInput } from '../../stages/sources/bytes/input.ts';
import { scratch } from './scratch.ts';

const signal = new AbortController().signal;
const MiB = 2 ** 20;
const folder = scratch({ large: Buffer.alloc(MiB, 'x') });

describe('a file', () => {
  test('is read to its end, also where it grew after it was listed, from any place on', async () => {
    const input = fileInput(join(folder, 'large'), 'large', MiB);
    appendFileSync(join(folder, 'large'), Buffer.alloc(MiB, 'y'));
    for (const from of [0, 1, MiB - 1, MiB, MiB + 1, 2 * MiB]) {
      const bytes = Buffer.concat(await Array.fromAsync(input.read(from, signal)));
      assert.equal(bytes.length, 2 * MiB - from);
      assert.equal(bytes.indexOf('y'), from < 2 * MiB ? Math.max(0, MiB - from) : -1);
    }
  });
});
