/** The rules and the dashboard, tried on a real Prometheus that scrapes a scan, a crawl, workers and a server. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import type { MetricSpec } from '../../pipeline/metrics/spec.ts';
import { METRICS } from '../../pipeline/metrics/table.ts';
import { tinyCrawl, tinyPair } from '../cli/tiny.ts';
import { freePorts, startBroker } from '../kit/broker.ts';
import { folders } from '../kit/folder.ts';

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const CLI = file('../../pipeline/cli.ts');
const RULES = file('../../deploy/monitoring/rules.yaml');
const RULES_TEST = file('rules.test.yaml');
const MODEL = ['--base', tinyPair.base, '--tuned', tinyPair.tuned, '--threads', '1', '--window', '32'];
const TOKEN = 'a-token-for-tests-only';

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const absent = (program: string) => (has(program) ? false : `no ${program}: Debian's package prometheus has it`);
const folder = folders();
const run = promisify(execFile);

/** What was started, to be ended in the reverse order. */
const ends: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

function start(program: string, words: readonly string[]): ChildProcess {
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env: { DELTASIFT_TOKEN: TOKEN } });
  ends.push(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  return child;
}

/** Starts a command with `--metrics`, and resolves with the host and port that it serves them at. */
async function scrapable(...words: readonly string[]): Promise<string> {
  const { stderr } = start(process.execPath, [CLI, ...words, '--metrics', '0']);
  const said: string[] = [];
  for await (const line of createInterface(stderr!)) {
    const [, host] = /metrics at http:\/\/([^/]+)/.exec(line) ?? [];
    if (host !== undefined) {
      stderr!.resume();
      return host;
    }
    said.push(line);
  }
  throw new Error(said.join('\n'));
}

describe('the rules', { skip: absent('promtool') }, () => {
  test('are rules', async () => {
    assert.match((await run('promtool', ['check', 'rules', RULES])).stdout, /SUCCESS/);
  });

  test('fire on what they are about, and on nothing beside it; each is tried', async () => {
    assert.match((await run('promtool', ['test', 'rules', RULES_TEST])).stdout, /SUCCESS/);
    const names = (text: string) => [...text.matchAll(/alert(?:name)?: (\w+)/g)].map(([, name]) => name);
    assert.deepEqual(names(readFileSync(RULES_TEST, 'utf8')), names(readFileSync(RULES, 'utf8')));
  });
});

describe('a real Prometheus', { skip: absent('prometheus') }, () => {
  const targets: Record<string, string> = {};
  let at = '';

  async function ask(query: string): Promise<readonly unknown[]> {
    const answer = await fetch(`http://${at}/api/v1/query?${new URLSearchParams({ query })}`);
    const { status, error, data } = (await answer.json()) as {
      readonly status: string;
      readonly error?: string;
      readonly data: { readonly result: readonly unknown[] };
    };
    assert.equal(status, 'success', `${query}: ${error}`);
    return data.result;
  }

  /** Queries that have no answer within the time. */
  async function unanswered(queries: readonly string[], seconds: number): Promise<readonly string[]> {
    let left = queries;
    for (let i = 0; i < seconds && left.length > 0; i++) {
      const answers = await Promise.all(left.map(ask));
      left = left.filter((_, j) => answers[j]!.length === 0);
      if (left.length > 0) await delay(1000);
    }
    return left;
  }

  test('is started on a scan, a crawl, a worker and a server', async () => {
    const dir = folder();
    const broker = await startBroker();
    ends.push(() => broker.close());
    const cluster = ['--brokers', broker.address];
    await run(process.execPath, [CLI, 'topics', 'create', ...cluster, '--partitions', '2']);

    // twice the same text, one without a token that could be scored, one that is no record
    const odd = [
      { id: 'again', text: 'to be told twice' },
      { id: 'again2', text: 'to be told twice' },
      { id: 'x', text: '' },
    ];
    const crawl = tinyCrawl(dir, 200, odd);
    appendFileSync(crawl, '{"id": \n');
    const config = join(dir, 'scan.yaml');
    writeFileSync(
      config,
      stringify({
        alerts: [{ name: 'any', above: -1, nearDuplicates: 'keep' }],
        sinks: [{ kind: 'file', name: 'told', path: join(dir, 'alerts.jsonl') }],
      }),
    );
    const source = ['--source', `jsonl:${crawl}`, '--follow', '--follow-every', '1s'];
    const store = ['--store', join(dir, 'store')];
    targets['scan'] = await scrapable('scan', ...MODEL, ...source, ...store, '--config', config);
    targets['crawl'] = await scrapable('crawl', ...cluster, ...source);
    targets['worker'] = await scrapable('worker', ...cluster, ...MODEL, '--config', config);
    const api = `127.0.0.1:${await freePorts(1)}`;
    targets['serve'] = await scrapable('serve', ...store, '--serve', api);
    const headers = { authorization: `Bearer ${TOKEN}` };
    const stop = new AbortController();
    const asking = (async () => {
      while (!stop.signal.aborted) {
        await (await fetch(`http://${api}/api/deltas`, { headers })).text();
        await delay(500);
      }
    })();
    ends.push(async () => {
      stop.abort();
      await asking;
    });

    at = `127.0.0.1:${await freePorts(1)}`;
    const settings = join(dir, 'prometheus.yaml');
    writeFileSync(
      settings,
      stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s' },
        rule_files: [RULES],
        scrape_configs: [
          {
            job_name: 'deltasift',
            static_configs: Object.entries(targets).map(([process, target]) => ({
              targets: [target],
              labels: { process },
            })),
          },
        ],
      }),
    );
    await run('promtool', ['check', 'config', settings]);
    const data = `--storage.tsdb.path=${join(dir, 'prometheus')}`;
    start('prometheus', [`--config.file=${settings}`, data, `--web.listen-address=${at}`]).stderr!.resume();
    for (let tries = 0; ; tries++) {
      const answer = await fetch(`http://${at}/-/ready`).catch(() => undefined);
      if (answer?.ok) break;
      assert.ok(tries < 300, 'it does not answer');
      await delay(100);
    }
  });

  test('sees every metric of the table, from every process that is said to have it', async () => {
    const wanted = Object.entries<MetricSpec>(METRICS).flatMap(([name, { type, from }]) =>
      from.map((process) => `${name}${type === 'histogram' ? '_count' : ''}{process="${process}"}`),
    );
    assert.deepEqual(await unanswered(wanted, 90), []);
    assert.deepEqual(await ask('up{job="deltasift"} == 0'), []);
  });

  test('has an answer to each question of the dashboard', async () => {
    const { panels } = JSON.parse(readFileSync(file('../../deploy/monitoring/dashboard.json'), 'utf8')) as {
      readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
    };
    const queries = panels.flatMap(({ targets: asked = [] }) => asked.map(({ expr }) => expr));
    assert.ok(queries.length > 15);
    const now = queries.map((expr) => expr.replaceAll('$__rate_interval', '1m'));
    assert.deepEqual(await unanswered(now, 60), []);
  });

  test('has taken the rules', async () => {
    const answer = await fetch(`http://${at}/api/v1/rules`);
    const { data } = (await answer.json()) as {
      readonly data: { readonly groups: readonly { readonly rules: readonly { name: string; health: string }[] }[] };
    };
    const wanted = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: { alert: string }[] }[] };
    assert.deepEqual(
      data.groups.flatMap(({ rules }) => rules.map(({ name }) => name)),
      wanted.groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)),
    );
  });
});
