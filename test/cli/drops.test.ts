import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { folders } from '../kit/folder.ts';
import { deltasift } from './run.ts';
import { tinyCrawl, tinyPair } from './tiny.ts';

const folder = folders()();
const more = [
  { id: 'short', text: 'Too short to be a text.' },
  { id: 'again', text: 'Too short to be a text.' },
  { id: 'nothing', text: '' },
  { id: 'french', text: 'Longtemps, je me suis couché de bonne heure.\u001b[2J Parfois, à peine ma bougie éteinte.' },
];
const scanned = (store: string, filters: string) =>
  deltasift([
    ...['scan', '--base', tinyPair.base, '--tuned', tinyPair.tuned, '--bos', 'always', '--json'],
    ...['--source', `jsonl:${tinyCrawl(folder, 3, more)}`, '--store', join(folder, store), '--filters', filters],
  ]);
const drops = (store: string, ...words: readonly string[]) =>
  deltasift(['drops', '--store', join(folder, store), ...words]);

describe('drops', () => {
  test('what filters leave out is counted by rule, with examples; read = scored + dropped + rejected', async () => {
    const { out, err } = await scanned('a', 'language:en,gopher-quality');
    assert.equal(err.match(/error/i), null);
    const { read, scored, dropped, rejected } = JSON.parse(out);
    assert.deepEqual(rejected, {});
    assert.equal(dropped['language:other'], 1);
    assert.equal(dropped.duplicate, 1);
    assert.equal(dropped.empty, 1);
    assert.equal(read, scored + Object.values<number>(dropped).reduce((sum, n) => sum + n, 0));

    const groups = JSON.parse((await drops('a', '--json')).out);
    const french = groups.find(({ reason }: { reason: string }) => reason === 'language:other');
    assert.deepEqual([french.stage, french.n, french.examples[0].id], ['filter', 1, 'french']);
    assert.match(french.examples[0].origin, /crawl\.jsonl/);
    const table = (await drops('a')).out;
    assert.match(table, /^filter +language:other +1 +french .*Longtemps.*\ufffd\[2J/m);
    assert.match(table, /^crawl +empty +1 /m);
    assert.deepEqual((await drops('a', '--reason', 'duplicate')).out.trimEnd().split('\n').length, 2);
  });

  test('the same scan goes on with the same filters alone', async () => {
    const { code, err } = await scanned('a', 'c4');
    assert.equal(code, 78);
    assert.match(err, /was made with filters/);
  });

  test('a filter or a setting that does not exist: exit 78, and what there is', async () => {
    const { code, err } = await scanned('b', 'gopher');
    assert.equal(code, 78);
    assert.match(err, /--filters: expected one of the filters c4, gopher-quality.*got/);
  });
});
