/** `sources list` and `sources check` as a user types them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { sources } from '../../stages/sources/sources.ts';
import { deltasift } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'deltasift-sources-'));
after(() => rmSync(folder, { recursive: true }));

function crawl(name: string, lines: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return `jsonl:${path}`;
}

const document = (id: string) => ({
  id,
  url: `https://example.org/${id}`,
  text: `text\u001b[2J of ${id} ${'𝒙'.repeat(300)}`,
});

describe('sources list', () => {
  test('has a line for every kind, with what it reads', async () => {
    const lines = (await deltasift(['sources', 'list'])).out.trimEnd().split('\n');
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(/ {2,}/)),
      sources.map(({ name, summary }) => [name, summary]),
    );
    assert.deepEqual(
      JSON.parse((await deltasift(['sources', 'list', '--json'])).out),
      sources.map(({ name, summary }) => ({ name, summary })),
    );
  });
});

describe('sources check', () => {
  test('shows the first five documents, and counts what was met on the way', async () => {
    const lines = ['a', 'b', 'c', 'd', 'e', 'f'].map(document);
    const spec = crawl('mixed.jsonl', [{ id: 'x', body: 'y' }, { id: 'empty', text: '' }, { id: 'z' }, ...lines]);
    const { code, out } = await deltasift(['sources', 'check', spec]);
    assert.equal(code, 0);
    const said = out.trimEnd().split('\n');
    assert.equal(said[0], 'a  https://example.org/a');
    assert.equal(said[1], '    field');
    assert.match(said[2]!, /^ {4}text\ufffd\[2J of a 𝒙+$/u);
    assert.deepEqual(said.slice(15), [
      `${spec}: the first 8 records: 5 documents, 1 dropped (empty), 2 rejected (malformed-record)`,
      'malformed-record: text holds no text but nothing; the keys are id, body',
    ]);

    const found = JSON.parse((await deltasift(['sources', 'check', spec, '--json'])).out);
    assert.deepEqual(
      found.documents.map(({ id }: { id: string }) => id),
      ['a', 'b', 'c', 'd', 'e'],
    );
    assert.equal(Array.from(found.documents[0].text).length, 200);
    assert.deepEqual([found.read, found.ended, found.dropped], [8, false, { empty: 1 }]);
    assert.equal(found.rejected['malformed-record'].records, 2);
  });

  test('shows what the crawl says of a document, and which one says nearly what another does', async () => {
    const text = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ');
    const described = {
      title: 'A\u001b title',
      language: 'en-GB',
      date: '2024-05-31',
      canonicalUrl: 'https://b.example/',
    };
    const spec = crawl('described.jsonl', [
      { id: 'a', text, ...described },
      { id: 'b', text: `${text} more` },
      { id: 'c', text: 'something else' },
    ]);
    const said = (await deltasift(['sources', 'check', spec])).out.split('\n');
    assert.equal(
      said[1],
      '    "A\ufffd title", en, field, fetched 2024-05-31T00:00:00.000Z, canonical https://b.example/',
    );
    assert.equal(said[4], '    field, near duplicate of one above');
    assert.equal(said[7], '    field');
    const { documents } = JSON.parse((await deltasift(['sources', 'check', spec, '--json'])).out);
    assert.deepEqual(
      documents.map(({ nearDuplicate }: { nearDuplicate: boolean }) => nearDuplicate),
      [false, true, false],
    );
  });

  test('says where these are all, and gives up the search in a long source without documents', async () => {
    const few = JSON.parse((await deltasift(['sources', 'check', crawl('few.jsonl', [document('a')]), '--json'])).out);
    assert.deepEqual([few.read, few.ended], [1, true]);
    const none = crawl('none.jsonl', Array(10_001).fill({ id: 'x' }));
    const { out } = await deltasift(['sources', 'check', none]);
    assert.match(out, /: the first 10000 records: 0 documents, 10000 rejected \(malformed-record\)\n/);
  });

  test('an unknown kind or a wrong setting: exit 78', async () => {
    const { code, err } = await deltasift(['sources', 'check', 'jsno:x']);
    assert.equal(code, 78);
    assert.match(err, /no source is called jsno/);
    assert.equal((await deltasift(['sources', 'check', `jsonl:${join(folder, 'none')}`])).code, 78);
  });
});
