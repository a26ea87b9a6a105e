/** Every document of a file source is found again by its cursor, in the bytes that it names. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import zlib from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Source } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import { sourceOf } from '../../stages/sources/sources.ts';
import { all } from '../kit/source.ts';
import { scratch } from './scratch.ts';
import { gz, page, record, zst } from './warc-bytes.ts';

const signal = new AbortController().signal;

const ids = ['a1', 'b2', 'c3', 'd4', 'e5'];
const lines = ids.map((id) => `${JSON.stringify({ id, text: `text of ${id}` })}\n`);
const pages = ids.map((id) => page(`text of ${id}`, { id }));
const conversions = ids.map((id) => record(`text of ${id}`, { id, type: 'conversion', mime: 'text/plain' }));
const columns = ['id', 'text'].map((name) => ({
  name,
  data: ids.map((id) => (name === 'id' ? id : `text of ${id}`)),
  type: 'STRING' as const,
}));
const [one, two, ...rest] = pages as [Buffer, Buffer, ...Buffer[]];

const folder = scratch({
  'plain/a.jsonl': lines.join(''),
  'packed/a.jsonl.gz': gz(Buffer.from(lines.join(''))),
  'warc/a.warc': Buffer.concat(pages),
  'warc.gz/a.warc.gz': Buffer.concat([gz(page('first', { id: 'z0' })), gz(Buffer.concat([one, two])), ...rest.map(gz)]),
  'warc.zst/a.warc.zst': Buffer.concat(pages.map(zst)),
  'wet/a.warc.wet.gz': Buffer.concat(conversions.map(gz)),
  'parquet/a.parquet': Buffer.from(parquetWriteBuffer({ columnData: columns, rowGroupSize: 2 })),
  'text/a1': 'text of a1',
  'text/more/b2': 'text of b2',
});
const specs = {
  plain: 'jsonl',
  packed: 'jsonl',
  warc: 'warc',
  'warc.gz': 'warc',
  'warc.zst': 'warc',
  wet: 'wet',
  parquet: 'parquet',
  text: 'text',
};
const open = async (name: string): Promise<Source> =>
  await sourceOf(`${specs[name as keyof typeof specs]}:${join(folder, name)}`, folder);

/** The record in a part of a file, unpacked where it is packed. */
function unpacked(part: Buffer): Buffer {
  if (part[0] === 0x1f) return zlib.gunzipSync(part);
  return part[0] === 0x28 ? zlib.zstdDecompressSync(part) : part;
}

describe('the origin of a document', () => {
  for (const name of Object.keys(specs)) {
    test(`${name}: is the record that it was made of, in the bytes of the file that are named`, async () => {
      const source = await open(name);
      const found = await all(source, undefined, signal);
      assert.ok(found.length >= 2);
      for (const one of found) {
        assert.ok('document' in one);
        const { file, offset, length, within, bytes } = await source.locate!(one.cursor, signal);
        const part = readFileSync(file).subarray(offset, offset + length);
        assert.equal(part.length, length);
        assert.match(Buffer.from(bytes).toString(), new RegExp(one.document.text));
        if (within === null) assert.deepEqual(Buffer.from(bytes), part);
        else if (name !== 'parquet') assert.ok(unpacked(part).includes(Buffer.from(bytes)));
      }
    });
  }

  test('of two records of one member, and of two rows of one group, the place tells which', async () => {
    const within = async (name: string, at: number) => {
      const source = await open(name);
      return (await source.locate!((await all(source, undefined, signal))[at]!.cursor, signal)).within;
    };
    assert.match((await within('warc.gz', 2))!, /^record 1 of/);
    assert.match((await within('parquet', 3))!, /^row 1 of/);
    assert.match((await within('packed', 1))!, new RegExp(`^bytes ${lines[0]!.length} to `));
  });

  test('is refused where the file is another one by now, or gone', async () => {
    for (const [name, file] of [
      ['plain', 'a.jsonl'],
      ['warc', 'a.warc'],
      ['parquet', 'a.parquet'],
    ] as const) {
      const source = await open(name);
      const { cursor } = (await all(source, undefined, signal))[1]!;
      const path = join(folder, name, file);
      const bytes = readFileSync(path);
      writeFileSync(path, Buffer.concat([Buffer.from('{"id":"new","text":"x"}\n'), bytes, Buffer.from('new')]));
      await assert.rejects(source.locate!(cursor, signal), ConfigError);
      writeFileSync(path, bytes);
      await assert.rejects(source.locate!(cursor.replace(file, 'gone'), signal), /gone is none of the files/);
      await assert.rejects(source.locate!('{"x":1}', signal), ConfigError);
    }
  });
});
