/** The whole pipeline on this machine, as one command. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setUp } from '../../examples/demo/setup.ts';
import { freePorts } from '../kit/broker.ts';
import { someRead, untilLag } from '../kit/lag.ts';

const path = (fromHere: string): string => fileURLToPath(new URL(fromHere, import.meta.url));
const CLI = path('../../pipeline/cli.ts');
const DOCUMENTS = 60;

const dir = mkdtempSync(join(tmpdir(), 'deltasift-dev-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const crawl = join(dir, 'crawl.jsonl');
const lines = readFileSync(setUp(path('../../data/demo')).crawl, 'utf8')
  .split('\n')
  .slice(0, DOCUMENTS);
writeFileSync(crawl, `${lines.join('\n')}\n`);
const PAIR = ['--base', path('../../examples/demo/base'), '--tuned', path('../../examples/demo/tuned')];
const SCAN = [...PAIR, '--bos', 'always', '--threads', '1', '--source', `jsonl:${crawl}`];
const run = promisify(execFile);

async function bestOf(store: string): Promise<readonly { readonly id: string; readonly score: number }[]> {
  const top = ['top', '--store', join(dir, store), '-k', '10', '--format', 'jsonl'];
  const { stdout } = await run(process.execPath, [CLI, ...top]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; score: number });
}

describe('dev', () => {
  test('runs a crawl through all legs to the end, finds what a scan finds, and tells of it by the rules', async () => {
    const env = { ...process.env, BROKER_HEAP: '256m' };
    const at = ['--dev-dir', join(dir, 'one'), '--port', String(await freePorts(2)), '--partitions', '2', '--wipe'];
    const rules = ['--config', join(dir, 'rules.yaml')];
    const settings = {
      alerts: [{ name: 'every', above: -1, nearDuplicates: 'keep' }],
      sinks: [{ kind: 'file', path: join(dir, 'told.jsonl') }],
    };
    writeFileSync(join(dir, 'rules.yaml'), JSON.stringify(settings));
    await run(process.execPath, [CLI, 'dev', ...SCAN, ...at, ...rules, '--store', join(dir, 'found')], { env });
    assert.ok(!existsSync(join(dir, 'one')), 'wiped');
    await run(process.execPath, [CLI, 'scan', ...SCAN, '--store', join(dir, 'scanned')]);
    const [ours, theirs] = [await bestOf('found'), await bestOf('scanned')];
    assert.deepEqual(
      ours.map(({ id }) => id),
      theirs.map(({ id }) => id),
    );
    for (const [i, { score }] of theirs.entries()) assert.ok(Math.abs(ours[i]!.score - score) <= 1e-6);

    const about = (command: string, ...words: readonly string[]) =>
      run(process.execPath, [CLI, ...command.split(' '), '--store', join(dir, 'found'), ...words, '--json']);
    const { scored, found } = JSON.parse((await about('status')).stdout);
    assert.deepEqual(found, [{ rule: 'every', held: '', n: scored }]);
    const alerts = JSON.parse((await about('alerts list', '-k', '1000')).stdout).map((one: { id: string }) => one.id);
    const told = readFileSync(join(dir, 'told.jsonl'), 'utf8').trim().split('\n');
    assert.ok(told.every((line) => alerts.includes(JSON.parse(line).id)));
  });

  test('Ctrl-C stops the crawl, the legs and the broker, in that order, and what the broker holds stays', async () => {
    const port = await freePorts(2);
    const devDir = join(dir, 'two');
    const words = ['dev', ...SCAN, '--dev-dir', devDir, '--port', String(port), '--partitions', '2'];
    const child = spawn(process.execPath, [CLI, ...words], { env: { ...process.env, BROKER_HEAP: '256m' } });
    let said = '';
    const crawled = Promise.withResolvers<void>();
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString();
      if (/crawl \| \d+ records/.test(said)) crawled.resolve();
    });
    const exit = once(child, 'exit');
    await Promise.race([crawled.promise, exit.then(() => assert.fail(said))]);
    const lag = ['lag', '--json', '--brokers', `127.0.0.1:${port}`];
    await untilLag(async () => (await run(process.execPath, [CLI, ...lag])).stdout, someRead, child);
    child.kill('SIGINT');
    assert.equal((await exit)[0], 130, said);
    for (const leg of ['tokenize', 'gradient', 'score', 'select']) {
      assert.match(said, new RegExp(`${leg} \\| note: ${leg}: \\d+ messages[\\s\\S]*broker \\| stopped; the next`));
    }
    await assert.rejects(run('bash', [path('../../deploy/broker/broker.sh'), 'status', '--dir', devDir]), { code: 1 });
    assert.ok(existsSync(join(devDir, 'data')));
  });
});
