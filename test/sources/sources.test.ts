import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type SourceSpec, sourceOf, sources } from '../../stages/sources/sources.ts';
import { all } from '../kit/source.ts';
import { scratch } from './scratch.ts';

const signal = new AbortController().signal;
const zod = import.meta.resolve('zod');

const root = scratch({
  'crawl.jsonl': '{"id":"a","text":"hello","body":"bye"}\n',
  'own.mts': `
    import { z } from '${zod}';
    export default {
      name: 'own',
      summary: 'one document',
      config: z.strictObject({ text: z.string() }),
      short: (text) => ({ text }),
      create: ({ text }) => ({
        name: 'own:' + text,
        async *read() { yield { cursor: '1', document: { id: '1', url: null, text } }; },
      }),
    };`,
  'half.mjs': 'export default { name: "half" };',
});

async function texts(spec: SourceSpec): Promise<readonly unknown[]> {
  const records = await all(await sourceOf(spec, root), undefined, signal);
  return records.map((record) => 'document' in record && record.document.text);
}

async function refusal(spec: SourceSpec): Promise<string> {
  const error: unknown = await sourceOf(spec, root).catch((error: unknown) => error);
  assert.ok(error instanceof Error && error.name === 'ConfigError', `${error}`);
  return error.message;
}

describe('sources', () => {
  test('every plug-in describes itself and each of its settings', () => {
    for (const { name, summary, config } of sources) {
      assert.match(name, /^[a-z]+(-[a-z]+)*$/);
      assert.ok(summary.length > 10);
      const { shape } = config as unknown as { shape: Record<string, { description?: string }> };
      for (const [key, field] of Object.entries(shape))
        assert.ok(field.description, `${name}: ${key} is not described`);
    }
  });

  test('reads a short form and an object alike', async () => {
    const path = join(root, 'crawl.jsonl');
    assert.deepEqual(await texts(`jsonl:${path}`), ['hello']);
    assert.deepEqual(await texts({ kind: 'jsonl', path }), ['hello']);
    assert.deepEqual(await texts({ kind: 'jsonl', path, fields: { text: 'body' } }), ['bye']);
  });

  test('loads the plug-ins of others by the path of their module', async () => {
    assert.deepEqual(await texts('./own.mts:a:b'), ['a:b']);
    assert.deepEqual(await texts(`${join(root, 'own.mts')}:c`), ['c']);
    assert.deepEqual(await texts({ kind: './own.mts', text: 'd' }), ['d']);
  });

  test('names what is known where a kind is unknown, and the setting that is wrong', async () => {
    for (const spec of ['jsno:x', 'jsno', { kind: 'jsno' }, {}]) {
      const message = await refusal(spec);
      for (const { name } of sources) assert.match(message, new RegExp(`\\b${name}\\b`));
    }
    assert.match(await refusal({ kind: 'jsonl', path: 'x', feilds: {} }), /feilds/);
    assert.match(await refusal({ kind: 'jsonl', path: 7 }), /path/);
    assert.match(await refusal('jsonl:'), /jsonl:PATH/);
    assert.match(await refusal('./none.mjs:x'), /cannot be loaded/);
    assert.match(await refusal('./half.mjs:x'), /default export/);
  });
});
