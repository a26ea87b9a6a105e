import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConfigError } from '../../pipeline/error.ts';
import { sourceOf } from '../../stages/sources/sources.ts';
import { all } from '../kit/source.ts';
import { scratch } from './scratch.ts';

const signal = new AbortController().signal;
const NOBODY = 65534;

/** Whoever runs the tests may be one who can read everything. */
async function asNobody<T>(action: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return await action();
  process.seteuid?.(NOBODY);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
  }
}

describe('what this user may not read', { skip: process.platform === 'win32' }, () => {
  const folder = scratch({
    'a/1.jsonl': '{"text":"x"}\n',
    'closed/2.jsonl': '{"text":"y"}\n',
    'b/3.jsonl': '{"text":"z"}\n',
  });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'closed'), 0);
  chmodSync(join(folder, 'b/3.jsonl'), 0);

  const refused = async (spec: string, named: string) =>
    await asNobody(() =>
      assert.rejects(
        async () => await all(await sourceOf(spec, folder), undefined, signal),
        (error) =>
          error instanceof ConfigError && error.message.includes(named) && /cannot be read/.test(error.message),
      ),
    );

  test('a folder within a source is named, rather than that something failed', () =>
    refused(`jsonl:${folder}`, join(folder, 'closed')));
  test('so is a file', () => refused(`jsonl:${join(folder, 'b')}`, join(folder, 'b/3.jsonl')));
});

describe('a source that is not written out', () => {
  test('is told how it is written, and what came', async () => {
    for (const [spec, said] of [
      ['jsonl:', /^source jsonl: expected jsonl:PATH, got jsonl:$/],
      ['warc', /^source warc: expected warc:PATH, got warc$/],
    ] as const) {
      await assert.rejects(sourceOf(spec, '.'), (error) => error instanceof ConfigError && said.test(error.message));
    }
  });

  test('settings that are wrong are named in one line', async () => {
    await assert.rejects(
      sourceOf({ kind: 'jsonl', path: 'x', maxLine: 0, feilds: {} }, '.'),
      (error: Error) => /^source jsonl: .*maxLine.*feilds/.test(error.message) && !/[\n✖]/.test(error.message),
    );
  });
});
