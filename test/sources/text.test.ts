import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { text } from '../../stages/sources/text.ts';
import { all, sourceContract } from '../kit/source.ts';
import { growingFiles } from './growing.ts';
import { scratch } from './scratch.ts';

const signal = new AbortController().signal;

const folder = scratch({
  'b.txt': 'second',
  'a/z.md': 'naïve café',
  'a/latin.txt': Buffer.from('Les élèves préfèrent le château à Noël, garçon, où êtes-vous allés', 'latin1'),
  'a/b/deep': 'deep',
  'a.txt': 'before a/, as its name is',
  'empty.txt': ' \n',
  'image.png': Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * 7919) % 256)),
  '.secret': 'hidden',
  'wide.txt': Buffer.from('\ufeffwide', 'utf16le'),
});
symlinkSync(join(folder, 'b.txt'), join(folder, 'linked.txt'));
symlinkSync(folder, join(folder, 'a', 'circle'));
symlinkSync(join(folder, 'itself'), join(folder, 'itself'));

function of(path: string, settings: object = {}) {
  return text.create(text.config.parse({ path, ...settings }));
}

describe('text', () => {
  sourceContract({
    make: () => of(folder),
    growing: growingFiles({ open: of, extension: 'txt', file: (n) => `text ${n}`, appends: false }),
  });

  test('makes a document of each file, named by its path, in the order of the names', async () => {
    const records = await all(of(folder), undefined, signal);
    assert.deepEqual(
      records.map((record) => {
        if ('document' in record) return `${record.document.id} = ${record.document.text}`;
        return 'reject' in record ? record.reject.code : record.drop.reason;
      }),
      [
        'a.txt = before a/, as its name is',
        'a/b/deep = deep',
        'a/latin.txt = Les élèves préfèrent le château à Noël, garçon, où êtes-vous allés',
        'a/z.md = naïve café',
        'b.txt = second',
        'empty',
        'undecodable-text',
        'linked.txt = second',
        'wide.txt = wide',
      ],
    );
  });

  test('takes the files of a glob, named from where its wildcards begin', async () => {
    const records = await all(of(join(folder, '*/*.md')), undefined, signal);
    assert.deepEqual(
      records.map((record) => 'document' in record && record.document.id),
      ['a/z.md'],
    );
  });

  test('rejects a file above the limit with its beginning', async () => {
    const [record] = await all(of(join(folder, 'b.txt'), { maxBytes: 3 }), undefined, signal);
    assert.ok(record !== undefined && 'reject' in record);
    assert.equal(record.reject.code, 'too-large');
    assert.equal(Buffer.from(record.bytes).toString(), 'second');
  });
});
