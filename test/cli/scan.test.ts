/** `delta` and `scan` as a user types them, on the small real pair. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { SCORE_FIELDS } from '../../pipeline/scan/score-line.ts';
import { deltasift, LAUNCHER } from './run.ts';
import { tinyCrawl, tinyPair } from './tiny.ts';

const folder = mkdtempSync(join(tmpdir(), 'deltasift-scan-'));
after(() => rmSync(folder, { recursive: true }));

const PAIR = ['--base', tinyPair.base, '--tuned', tinyPair.tuned];
const [first] = readFileSync(tinyCrawl(folder, 1), 'utf8').split('\n');
const SHORT = { id: 'short', text: 'a' };
const CRAWL = tinyCrawl(folder, 100, [JSON.parse(first!), SHORT, { id: 'no text' }]);
const SMALL = tinyCrawl(folder, 5, [SHORT], 'small.jsonl');
const SCAN = ['scan', ...PAIR, '--source', `jsonl:${CRAWL}`, '--threads', '1'];
const inFolder = (name: string) => join(folder, name);

describe('delta', () => {
  test('prints id, lengths, spectrum and the tokens it pushes, as text and as JSON', async () => {
    const report = JSON.parse((await deltasift(['delta', ...PAIR, '--json'])).out);
    assert.match(report.delta, /^[0-9a-f]{64}$/);
    assert.ok(Math.abs(report.norm - 20.883024856) < 1e-6);
    assert.deepEqual(Object.keys(report.spectrum.energy), ['1', '8', '32']);
    const raised = report.tokens.up.map(({ text: token }: { text: string }) => token);
    assert.ok(raised.includes(' shall') && raised.includes(' thou'), `a Bible raises ${raised}`);

    const { out } = await deltasift(['delta', ...PAIR, '--tokens', 'off']);
    assert.match(
      out,
      new RegExp(`^delta ${report.delta}\\n(.*\\n){2}\\|D\\| 20\\.8830, \\|W0\\| .*\\n.*\\nenergy .*rank 32\\n$`),
    );
  });

  test('a pair with no difference in the head: exit 65', async () => {
    const { code, err } = await deltasift(['delta', '--base', tinyPair.base, '--tuned', tinyPair.base]);
    assert.equal(code, 65);
    assert.match(err, /^deltasift: .*identical/);
  });
});

describe('scan', () => {
  test('a base whose weights hold NaN is refused by name, rather than all of its documents: exit 65', async () => {
    const base = inFolder('nan-base');
    cpSync(tinyPair.base, base, { recursive: true });
    const file = join(base, 'model.safetensors');
    const bytes = readFileSync(file);
    bytes.writeFloatLE(Number.NaN, 8 + Number(bytes.readBigUInt64LE())); // of the first tensor behind the header, a bias
    writeFileSync(file, bytes);
    const words = ['scan', '--base', base, '--tuned', tinyPair.tuned, '--source', `jsonl:${SMALL}`];
    const { code, err } = await deltasift([...words, '--store', inFolder('nan-store')]);
    assert.equal(code, 65, err);
    assert.match(err, /nan-base: the model answers with a loss of NaN/);
  });

  test('accounts for every record, writes a line per scored document, and run again adds nothing', async () => {
    const scores = inFolder('scores.jsonl');
    const words = [...SCAN, '--store', inFolder('store'), '--scores', scores, '--json'];
    const { code, out, err } = await deltasift(words);
    assert.equal(code, 0, err);
    const { seconds, ...summary } = JSON.parse(out);
    assert.ok(seconds > 0);
    assert.deepEqual(Object.keys(summary), ['delta', 'measurement', 'read', 'scored', 'dropped', 'rejected']);
    assert.deepEqual([summary.read, summary.scored], [103, 100]);
    assert.deepEqual(summary.dropped, { duplicate: 1 });
    assert.deepEqual(summary.rejected, { 'too-short': 1, 'malformed-record': 1 });
    assert.match(err, /100 documents .* best 0\.\d{4} /);

    const lines = readFileSync(scores, 'utf8').trimEnd().split('\n');
    assert.equal(lines.length, 100);
    assert.deepEqual(Object.keys(JSON.parse(lines[0]!)), SCORE_FIELDS);

    const top = ['top', '--store', inFolder('store'), '-k', '100', '--format', 'jsonl'];
    const before = await deltasift(top);
    const again = JSON.parse((await deltasift([...words, '--quiet'])).out);
    assert.deepEqual({ ...again, seconds: 0 }, { ...summary, seconds: 0 });
    assert.equal((await deltasift(top)).out, before.out);
    assert.equal(readFileSync(scores, 'utf8').trimEnd().split('\n').length, 100);

    const ranked = before.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const byRanking = lines.map((line) => JSON.parse(line)).sort((a, b) => b.ranking - a.ranking);
    assert.deepEqual(
      ranked.map(({ rank, ...fields }) => fields),
      byRanking,
    );
  });

  test('a rejected document that is replayed is scored by the next run, or rejected again', async () => {
    const store = inFolder('replayed');
    await deltasift([...SCAN, '--source', `jsonl:${SMALL}`, '--store', store, '--quiet']);
    const { sent } = JSON.parse((await deltasift(['rejects', 'replay', '--store', store, '--json'])).out);
    assert.equal(sent, 1);
    const { rejected } = JSON.parse(
      (await deltasift([...SCAN, '--source', `jsonl:${SMALL}`, '--store', store, '--json', '--quiet'])).out,
    );
    assert.equal(rejected['too-short'], 1);
  });

  test('says the same from one YAML file; --quiet is quiet', async () => {
    const file = inFolder('scan.yaml');
    const config = {
      base: tinyPair.base,
      tuned: tinyPair.tuned,
      source: { kind: 'jsonl', path: CRAWL },
      store: inFolder('yaml'),
      limit: 20,
      threads: 1,
    };
    writeFileSync(file, JSON.stringify(config)); // JSON is YAML
    const { code, out, err } = await deltasift(['scan', '--config', file, '--quiet']);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^20 records read, 20 scored; \d+\.\d s\ndelta [0-9a-f]{64}\n/);
  });

  test('an interrupt exits 130, and the same command goes on from there', async () => {
    const store = inFolder('interrupted');
    const words = [...SCAN, '--store', store, '--source', 'jsonl:-', '--json'];
    const lines = readFileSync(CRAWL, 'utf8').split('\n').slice(0, 70).join('\n').concat('\n');

    const running = spawn(process.execPath, [LAUNCHER, ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
    running.stdin.write(lines); // and left open: there might be more
    running.stderr.once('data', () => running.kill('SIGINT'));
    const [out, err, [code]] = await Promise.all([text(running.stdout), text(running.stderr), once(running, 'close')]);
    assert.equal(code, 130);
    assert.equal(JSON.parse(out).error.code, 130);
    assert.match(err, /deltasift: interrupted; the same command goes on from here\n$/);

    const rest = spawn(process.execPath, [LAUNCHER, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    rest.stdin.end(lines);
    const { read, scored } = JSON.parse(await text(rest.stdout));
    assert.deepEqual([read, scored], [70, 70]);
  });

  test('what does not fit: exit 78, by name', async () => {
    const store = inFolder('measured');
    await deltasift([...SCAN, '--store', store, '--limit', '5', '--quiet']);
    for (const [words, said] of [
      [['--store', store, '--window', '64'], /window 128, but window 64 was asked for/],
      [['--store', inFolder('none'), '--window', '129'], /--window 129: .* has 128 positions/],
      [['--store', inFolder('none'), '--source', 'warcraft:x'], /no source is called warcraft/],
      [['--store', inFolder('none'), '--base', inFolder('absent')], /absent/],
    ] as const) {
      const { code, err } = await deltasift([...SCAN, ...words]);
      assert.equal(code, 78, err);
      assert.match(err, said);
    }
  });
});
