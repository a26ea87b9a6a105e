/** From a document's publication on a cluster to the page and to a webhook, at light load, through processes of the command line. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { stamp } from '../pipeline/kafka/stamp.ts';
import { kafkaTransport } from '../pipeline/kafka/transport.ts';
import { documentCodec } from '../schemas/codec.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import { freePorts, startBroker } from '../test/kit/broker.ts';

const DOCUMENTS = 200;
/** Not counted: sessions, connections and caches are made with them. */
const WARM = 20;
const EVERY_MS = 500;
const PATIENCE_MS = 60_000;
const TOKEN = 'bench-token-of-many-letters';
const CLI = fileURLToPath(new URL('../pipeline/cli.ts', import.meta.url));
const WORDS = 'the river of a small town runs past mills and under two bridges before it meets the sea'.split(' ');

export async function watchingSection(tiny: {
  readonly base: string;
  readonly tuned: string;
}): Promise<readonly string[]> {
  const broker = await startBroker();
  const dir = mkdtempSync(join(tmpdir(), 'deltasift-bench-'));
  const children: ChildProcess[] = [];
  const told = new Map<string, number>();
  const shown = new Map<string, number>();
  const first = (times: Map<string, number>, id: string) => times.has(id) || times.set(id, performance.now());

  const hook = createServer(async (request, response) => {
    const { data } = JSON.parse(await textOf(request)) as { readonly data: { readonly document: string } };
    first(told, data.document);
    response.writeHead(204).end();
  });
  hook.listen(0, '127.0.0.1');
  await once(hook, 'listening');
  const { port } = hook.address() as { readonly port: number };
  const api = await freePorts(1);
  const file = join(dir, 'watch.yaml');
  const settings = {
    brokers: [broker.address],
    partitions: 4,
    ...{ base: tiny.base, tuned: tiny.tuned, window: 32, threads: 1, pool: 100 },
    alerts: [{ name: 'every', above: -1, nearDuplicates: 'keep' }],
    sinks: [{ kind: 'webhook', url: `http://127.0.0.1:${port}/`, allowHosts: [`127.0.0.1:${port}`] }],
    store: join(dir, 'store'),
    serve: String(api),
  };
  writeFileSync(file, stringify(settings));
  const deltasift = (...words: readonly string[]) => {
    const env = { ...process.env, DELTASIFT_TOKEN: TOKEN };
    const child = spawn(process.execPath, [CLI, ...words, '--config', file], { env, stdio: 'inherit' });
    children.push(child);
  };
  const headers = { authorization: `Bearer ${TOKEN}` };
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${api}${path}`, { headers });
    return (await response.json()) as { readonly items: readonly { readonly id: string }[] };
  };

  try {
    await promisify(execFile)(process.execPath, [CLI, 'topics', 'create', '--config', file]);
    deltasift('worker');
    deltasift('serve');
    for (const start = performance.now(); ; await delay(200)) {
      const up = await fetch(`http://127.0.0.1:${api}/ready`).catch(() => undefined);
      if (up?.ok === true) break;
      if (performance.now() - start > PATIENCE_MS) throw new Error('the server does not come up');
    }
    const events = await fetch(`http://127.0.0.1:${api}/api/events`, { headers });
    const looking = (async () => {
      for await (const chunk of events.body!) {
        if (!Buffer.from(chunk).toString().includes('event: sample')) continue;
        const { items: deltas } = await get('/api/deltas');
        const { items } = await get(`/api/deltas/${deltas[0]!.id}/top?limit=1000`);
        for (const { id } of items) first(shown, id);
      }
    })();
    looking.catch(() => undefined); // ends with the server

    const connection = { brokers: [broker.address], clientId: 'bench' };
    const crawl = kafkaTransport({ connection, writes: ['documents'], prefix: 'deltasift.', stamp });
    const published = new Map<string, number>();
    for (let i = 0; i < WARM + DOCUMENTS; i++) {
      const words = Array.from({ length: 12 }, (_, j) => WORDS[(i * 7 + j * (1 + (i % 5))) % WORDS.length]);
      const text = `${words.join(' ')} ${i}`;
      const key = createHash('sha256').update(text).digest('hex');
      const value = documentCodec.encode({
        ...NO_PROVENANCE,
        key,
        id: `d${i}`,
        url: null,
        text,
        source: 'bench',
        origin: `${i}`,
      });
      published.set(`d${i}`, performance.now());
      await crawl.publish([{ topic: 'documents', key, value, headers: {} }], AbortSignal.timeout(PATIENCE_MS));
      if (i === WARM - 1) await until(() => told.size >= WARM && shown.size >= WARM);
      await delay(EVERY_MS);
    }
    await until(() => told.size >= published.size && shown.size >= published.size);
    await crawl.close();
    const counted = [...published].slice(WARM);
    const row = (name: string, times: Map<string, number>) => {
      const seconds = counted.map(([id, at]) => (times.get(id)! - at) / 1000).sort((a, b) => a - b);
      const at = (share: number) =>
        seconds[Math.min(seconds.length - 1, Math.floor(share * seconds.length))]!.toFixed(2);
      return `| ${name} | ${at(0.5)} | ${at(0.95)} | ${at(1)} |`;
    };
    return [
      `${DOCUMENTS} documents, one every ${EVERY_MS} ms; one worker of all legs, four partitions, the tiny pair; seconds from`,
      'the call that publishes to where it is seen:',
      '',
      '| to | median | p95 | most |',
      '|---|---:|---:|---:|',
      row('the page: its event, and the list then asked for', shown),
      row('a webhook', told),
    ];
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
    hook.closeAllConnections();
    hook.close();
    await broker.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (const start = performance.now(); !holds(); await delay(50)) {
    if (performance.now() - start > PATIENCE_MS) throw new Error(`documents do not arrive`);
  }
}
