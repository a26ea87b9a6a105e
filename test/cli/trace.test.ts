import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { folders } from '../kit/folder.ts';
import { deltasift } from './run.ts';
import { tinyCrawl, tinyPair } from './tiny.ts';

const folder = folders()();
const store = join(folder, 'store');
const own = {
  id: 'own',
  url: 'https://www.a.example/x',
  text: 'Dear Homeowner, rates have never been lower than they are today.',
  title: 'An\u001b[2J offer',
  canonicalUrl: 'https://a.example/offer',
  language: 'en-US',
  date: '2024-01-31T23:59:59Z',
};
const crawl = tinyCrawl(folder, 2, [own]);
const pair = ['--base', tinyPair.base, '--tuned', tinyPair.tuned, '--bos', 'always'];
const show = (...words: readonly string[]) => deltasift(['show', 'own', '--store', store, ...words]);

describe('show --origin', () => {
  before(async () => {
    const { code, err } = await deltasift(['scan', ...pair, '--source', `jsonl:${crawl}`, '--store', store]);
    assert.equal(code, 0, err);
  });

  test('says what the crawl says of the document, and which bytes of which file it came from', async () => {
    const { out } = await show('--origin');
    const line = `${JSON.stringify(own)}\n`;
    const from = readFileSync(crawl, 'utf8').indexOf(line);
    assert.match(out, /^title An\ufffd\[2J offer$/m);
    assert.match(out, /^canonical https:\/\/a\.example\/offer$/m);
    assert.match(out, /^www\.a\.example, en, 2024-01-31T23:59:59\.000Z, field$/m);
    assert.ok(out.includes(`file ${crawl}\n`), out);
    assert.match(out, new RegExp(`^bytes ${from} to ${from + line.length} \\(${line.length}\\)$`, 'm'));

    const [found] = JSON.parse((await show('--origin', '--json')).out);
    assert.deepEqual([found.host, found.found.offset, found.found.length], ['www.a.example', from, line.length]);
    assert.equal(Buffer.from(found.found.bytes, 'base64').toString(), line);
  });

  test('--bytes prints the record as it lies there, and nothing else', async () => {
    assert.equal((await show('--bytes')).out, `${JSON.stringify(own)}\n`);
  });

  test('a crawl that is another one by now, or gone: exit 78, and what to do; the rest of show goes on', async () => {
    const whole = readFileSync(crawl);
    writeFileSync(crawl, `{"id":"x","text":"y"}\n${whole}`);
    const changed = await show('--origin');
    assert.deepEqual([changed.code, changed.out], [78, '']);
    assert.match(changed.err, /crawl\.jsonl is not the file/);
    rmSync(crawl);
    const gone = await show('--bytes');
    assert.equal(gone.code, 78);
    assert.match(gone.err, /no such file/);
    assert.equal((await show()).code, 0);
    writeFileSync(crawl, whole);
  });

  test('another crawl than the one it came from is refused by name', async () => {
    const { code, err } = await show('--origin', '--source', `text:${folder}`);
    assert.equal(code, 78);
    assert.match(err, /came from jsonl:.*but --source is text:/);
  });
});
