/** `select` as a user types it, on a store of the small real pair. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { deltasift } from './run.ts';
import { tinyCrawl, tinyPair } from './tiny.ts';

const folder = mkdtempSync(join(tmpdir(), 'deltasift-select-'));
after(() => rmSync(folder, { recursive: true }));
const STORE = join(folder, 'store');
const select = (...words: readonly string[]) => deltasift(['select', '--store', STORE, '--threads', '1', ...words]);

describe('select', () => {
  before(async () => {
    const pair = ['--base', tinyPair.base, '--tuned', tinyPair.tuned];
    const source = `jsonl:${tinyCrawl(folder, 60)}`;
    const { code, err } = await deltasift(['scan', ...pair, '--source', source, '--store', STORE, '--threads', '1']);
    assert.equal(code, 0, err);
  });

  test('greedy explains more of D than the best by score, and those more than any', async () => {
    const picked = JSON.parse((await select('-n', '12', '--strategy', 'greedy', '--json')).out);
    assert.equal(picked.documents.length, 12);
    assert.equal(picked.exactProducts, true);
    assert.ok(picked.cosine > picked.beside.topk.cosine, `${picked.cosine} and ${picked.beside.topk.cosine}`);
    assert.ok(picked.beside.topk.cosine > picked.beside.random.cosine);
    assert.equal(picked.documents.at(-1).cosine, picked.cosine);
    assert.equal(new Set(picked.documents.map(({ id }: { id: string }) => id)).size, 12);
  });

  test('each strategy picks by its own order', async () => {
    const of = async (strategy: string) =>
      JSON.parse((await select('-n', '10', '--strategy', strategy, '--json')).out).documents as readonly {
        readonly score: number;
        readonly lossTunedHead: number;
      }[];
    const rising = (values: readonly number[]) => values.every((value, i) => i === 0 || value >= values[i - 1]!);
    assert.ok(rising((await of('topk')).map(({ score }) => -score)));
    assert.ok(rising((await of('bottomk')).map(({ score }) => score)));
    assert.ok(rising((await of('p_max')).map(({ lossTunedHead }) => lossTunedHead)));
    assert.ok(rising((await of('p_min')).map(({ lossTunedHead }) => -lossTunedHead)));
    assert.deepEqual(await of('auto'), await of('topk'));
    assert.equal((await of('random')).length, 10);
    assert.equal((await of('greedy_batched')).length, 10);
  });

  test('prints cos(S, D) by n beside topk and random, and the picks as lines', async () => {
    const { out } = await select('-n', '10', '--strategy', 'greedy');
    assert.match(out, /cos\(S, D\) of the first +1 +2 +5 +10 +highest at\ngreedy .*\ntopk .*\nrandom .*\n/);
    const lines = (await select('-n', '3', '--format', 'jsonl')).out.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((one) => JSON.parse(one).rank),
      [1, 2, 3],
    );
    assert.match((await select('-n', '1', '--format', 'csv')).out, /^rank,id,url,cosine,score,/);
  });

  test('more documents than the store holds, or another base: exit 78', async () => {
    const many = await select('-n', '61');
    assert.equal(many.code, 78);
    assert.match(many.err, /-n 61: the store holds 60 documents for topk/);
    const other = await select('-n', '2', '--base', tinyPair.tuned);
    assert.equal(other.code, 78);
    assert.match(other.err, /expected the checkpoint that the store was measured with/);
  });

  test('live says which set the scan has picked, and who came for whom', async () => {
    const { n, cosine, exchanges, changes, documents } = JSON.parse(
      (await deltasift(['live', '--store', STORE, '--since', '0', '--json'])).out,
    );
    assert.equal(n, 60, 'the pool of 1,000 leaves room for 250, and there are 60');
    assert.equal(documents.length, 60);
    assert.equal(exchanges, 60);
    assert.deepEqual(new Set(changes.map(({ added }: { added: string }) => added)).size, 60);
    assert.ok(cosine > 0.05, `${cosine}`);
    assert.match((await deltasift(['live', '--store', STORE, '--since', '59'])).out, /\n60: \w{64} comes in, cos/);
  });

  test('per class: as many of each label, whichever the strategy; without labels: exit 78', async () => {
    const refused = await select('-n', '8', '--per-class');
    assert.equal(refused.code, 78);
    assert.match(refused.err, /--per-class: the store holds documents without a label/);
    assert.match(
      (await select('-n', '8', '--strategy', 'topk_balanced')).err,
      /--strategy topk_balanced: the store holds/,
    );

    const classified = join(folder, 'classified');
    cpSync(STORE, classified, { recursive: true });
    const database = new Sqlite(join(classified, 'store.sqlite'));
    database.exec("UPDATE member SET label = CASE WHEN id LIKE 'kjv%' THEN 'bible' ELSE 'other' END");
    database.close();
    for (const words of [['topk_balanced'], ['greedy', '--per-class']]) {
      const { out } = await deltasift(['select', '--store', classified, '-n', '8', '--json', '--strategy', ...words]);
      const ids = JSON.parse(out).documents.map(({ id }: { id: string }) => id);
      assert.equal(ids.filter((id: string) => id.startsWith('kjv')).length, 4, `${words}`);
    }
  });

  test('one document of a host at most; near duplicates are left out, or kept', async () => {
    const one = await select('-n', '2', '--max-per-host', '1');
    assert.equal(one.code, 78, 'all are of one host');
    assert.match(one.err, /-n 2: the store holds 1 documents for topk once near duplicates and hosts are seen to/);
    assert.equal(
      JSON.parse((await select('-n', '60', '--near-duplicates', 'keep', '--json')).out).documents.length,
      60,
    );
  });

  test('products come from sketches where the gradients would take too much memory, cos(S, D) is exact either way', async () => {
    const of = async (memory: string) =>
      JSON.parse((await select('-n', '12', '--strategy', 'greedy', '--exact-memory', memory, '--json')).out);
    const [exact, sketched] = [await of('2000000000'), await of('0')];
    assert.equal(sketched.exactProducts, false);
    assert.ok(Math.abs(sketched.cosine / exact.cosine - 1) < 0.01, `${sketched.cosine} and ${exact.cosine}`);
  });
});
