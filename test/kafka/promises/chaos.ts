/** Workers and the broker are killed while documents go through all legs; then everything is counted. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Delivered, Outgoing } from '../../../pipeline/contract.ts';
import { kafkaClient } from '../../../pipeline/kafka/client.ts';
import { lagOf } from '../../../pipeline/kafka/lag.ts';
import { readShare } from '../../../pipeline/kafka/partition-state.ts';
import { stamp } from '../../../pipeline/kafka/stamp.ts';
import { createTopics } from '../../../pipeline/kafka/topics.ts';
import { kafkaTransport } from '../../../pipeline/kafka/transport.ts';
import { INPUT, STEPS } from '../../../pipeline/topology.ts';
import { countCodec, documentCodec } from '../../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../../schemas/provenance.ts';
import { quantileSketch } from '../../../stages/math/quantile.ts';
import { startBroker } from '../../kit/broker.ts';
import { readCommitted } from '../../kit/read-committed.ts';
import { DELTA, POISON } from './stages.ts';

export interface Chaos {
  readonly documents: number;
  /** kill -9 of a random worker, started again at once. */
  readonly kills: number;
  /** kill -9 of the broker. */
  readonly brokerKills: number;
  /** SIGSTOP of a worker for longer than the group waits for it, then SIGCONT: it wakes up with work that is another's. */
  readonly pauses: number;
  /** A worker more, that leaves again. */
  readonly guests: number;
  /** One document in so many is rejected, and one message in so many is no document at all. */
  readonly poisonEvery: number;
}

export interface Outcome {
  readonly seconds: number;
  /**
   * By topic: how many of the keys that should be there are not, and how many are there more than once. A document is put into a
   * list of `selection` once at most.
   */
  readonly lost: Readonly<Record<string, number>>;
  readonly doubled: Readonly<Record<string, number>>;
  /** Rejected messages in the dead letters, by code. */
  readonly dead: Readonly<Record<string, number>>;
  readonly expectedDead: Readonly<Record<string, number>>;
  /** `stage/outcome/code`: n */
  readonly counts: Readonly<Record<string, number>>;
  readonly topEqual: boolean;
  readonly quantilesEqual: boolean;
}

const PREFIX = 'chaos.';
const PARTITIONS = 4;
const WORKERS = 2;
const SESSION_MS = 3000;
const KEEP = 50;
const GROUP = 100;

export async function chaos(
  { documents, kills, brokerKills, pauses, guests, poisonEvery }: Chaos,
  log: (line: string) => void,
): Promise<Outcome> {
  const broker = await startBroker();
  const connection = { brokers: [broker.address], clientId: 'chaos' };
  const client = kafkaClient(connection, 'patient');
  const start = performance.now();
  const workers: ChildProcess[] = [];
  const visitors: ChildProcess[] = [];
  let over = false;

  function spawnWorker(): ChildProcess {
    const script = fileURLToPath(new URL('worker.ts', import.meta.url));
    return spawn(process.execPath, [script, broker.address, PREFIX, String(SESSION_MS)], { stdio: 'inherit' });
  }

  function startWorker(place: number): void {
    const worker = spawnWorker();
    workers[place] = worker;
    worker.once('exit', (code, signal) => {
      if (over) return;
      if (signal !== 'SIGKILL') log(`worker ${place} ended by itself with ${code ?? signal}`);
      startWorker(place);
    });
  }

  /** Comes, and leaves after so long. */
  function guestsOf(ms: number): void {
    const guest = spawnWorker();
    visitors.push(guest);
    setTimeout(() => guest.kill('SIGTERM'), ms);
  }

  const admin = client.admin();
  await admin.connect();
  try {
    await createTopics(admin, { prefix: PREFIX, partitions: PARTITIONS, replicas: 1 }, { apply: false });
    for (let place = 0; place < WORKERS; place++) startWorker(place);

    const texts = Array.from({ length: documents }, (_, i) => textOf(i, poisonEvery));
    const transport = kafkaTransport({ connection, writes: ['documents'], prefix: PREFIX, stamp });
    const kinds = [
      ...Array(kills).fill('worker'),
      ...Array(brokerKills).fill('broker'),
      ...Array(pauses).fill('pause'),
      ...Array(guests).fill('guest'),
    ];
    const every = Math.max(1, Math.floor(documents / GROUP / (kinds.length + 1)));
    for (let i = 0, groups = 0; i < documents; i += GROUP, groups++) {
      const broken =
        i === 0 ? Array.from({ length: brokenOf(documents, poisonEvery) }, (_, n) => brokenMessage(n)) : [];
      await transport.publish(
        [...texts.slice(i, i + GROUP).map((text, n) => documentMessage(text, i + n)), ...broken],
        AbortSignal.timeout(120_000),
      );
      if (groups % every !== every - 1) continue;
      // spread over the kinds, so that the broker's are in between
      const kind = kinds.splice(Math.floor((kinds.length * 7) / 11) % Math.max(1, kinds.length), 1)[0];
      await delay(700);
      if (kind === 'worker') {
        const victim = workers[groups % WORKERS]!;
        log(`kill -9 of worker ${groups % WORKERS} at ${i + GROUP} documents`);
        victim.kill('SIGKILL');
      } else if (kind === 'broker') {
        log(`kill -9 of the broker at ${i + GROUP} documents`);
        await broker.kill();
        await broker.start();
      } else if (kind === 'pause') {
        log(`worker ${groups % WORKERS} stops at ${i + GROUP} documents`);
        const paused = workers[groups % WORKERS]!;
        paused.kill('SIGSTOP');
        setTimeout(() => paused.kill('SIGCONT'), 2 * SESSION_MS);
      } else if (kind === 'guest') {
        log(`a guest at ${i + GROUP} documents`);
        guestsOf(2 * SESSION_MS);
      }
    }
    await transport.close();

    for (const step of STEPS) {
      for (;;) {
        const lag = await lagOf(admin, PREFIX + step, PREFIX + INPUT[step]).catch(() => undefined);
        if (lag?.every((one) => one.lag === 0)) break;
        log(`${((performance.now() - start) / 1000).toFixed(1)} s: ${step} is behind by ${lag?.map((one) => one.lag)}`);
        await delay(1000);
      }
    }
    over = true;
    for (const worker of [...workers, ...visitors]) worker.kill('SIGTERM');
    await Promise.all(
      [...workers, ...visitors].map((worker) => worker.exitCode ?? worker.signalCode ?? once(worker, 'exit')),
    );
    const seconds = (performance.now() - start) / 1000;

    const good = texts.filter((text) => !text.startsWith(POISON));
    const wanted = new Set(good.map(keyOf));
    const lost: Record<string, number> = {};
    const doubled: Record<string, number> = {};
    for (const topic of ['tokens', 'sketches', 'scores']) {
      const keys = (await readCommitted(connection, PREFIX + topic)).map(({ key }) => key);
      const there = new Set(keys);
      lost[topic] = [...wanted].filter((key) => !there.has(key)).length;
      doubled[topic] = keys.length - there.size;
    }
    const kept = (await readCommitted(connection, `${PREFIX}selection`))
      .filter(({ key, value }) => value !== null && !key.includes('/state/'))
      .map(({ key }) => key);
    doubled['selection'] = kept.length - new Set(kept).size;
    const dead = tallyOf(await readCommitted(connection, `${PREFIX}dead`), ({ headers }) => [headers['code']!, 1]);
    const counts = tallyOf(await readCommitted(connection, `${PREFIX}counts`), ({ value }) => {
      const { stage, outcome, code, n } = countCodec.decode(value!);
      return [`${stage}/${outcome}/${code}`, n];
    });

    const cluster = { client, prefix: PREFIX };
    const merged = quantileSketch();
    const best: { readonly key: string; readonly score: number }[] = [];
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const share = await readShare(cluster, partition, AbortSignal.timeout(60_000));
      for (const { key, ranking } of share.best(DELTA.id)) best.push({ key, score: ranking });
      merged.merge(quantileSketch(share.state(DELTA.id, 'quantiles')));
    }
    const scores = good.map((text) => ({ key: keyOf(text), score: scoreOf(text) }));
    const whole = quantileSketch();
    for (const { score } of scores) whole.add(score);

    return {
      seconds,
      lost,
      doubled,
      dead,
      expectedDead: {
        'too-short': texts.length - good.length,
        'undecodable-message': brokenOf(documents, poisonEvery),
      },
      counts,
      topEqual: JSON.stringify(topOf(best)) === JSON.stringify(topOf(scores)),
      quantilesEqual: Buffer.from(merged.bytes()).equals(Buffer.from(whole.bytes())),
    };
  } finally {
    over = true;
    for (const worker of [...workers, ...visitors]) worker.kill('SIGKILL');
    await admin.disconnect().catch(() => undefined);
    await broker.close();
  }
}

function textOf(i: number, poisonEvery: number): string {
  return i % poisonEvery === poisonEvery - 1 ? `${POISON} ${i}` : `document ${i}`;
}
const brokenOf = (documents: number, poisonEvery: number) => Math.floor(documents / poisonEvery);
const keyOf = (text: string) => createHash('sha256').update(text).digest('hex');
const scoreOf = (text: string) => createHash('sha256').update(text).digest().readUInt32LE(0) / 2 ** 32 - 0.5;

function documentMessage(text: string, i: number): Outgoing {
  const key = keyOf(text);
  const named = { key, id: String(i), url: null, text };
  const value = documentCodec.encode({ ...named, ...NO_PROVENANCE, source: 'chaos', origin: String(i) });
  return { topic: 'documents', key, value, headers: { traceparent: `00-${key.slice(0, 32)}-${key.slice(32, 48)}-01` } };
}

/** Empty, torn, random, or a string that claims 2 GB: none is a document. */
function brokenMessage(n: number): Outgoing {
  const whole = documentMessage(`broken ${n}`, n).value!;
  const kinds = [Buffer.alloc(0), whole.subarray(0, 20), createHash('sha256').update(String(n)).digest(), CLAIMS_2_GB];
  return { topic: 'documents', key: `broken-${n}`, value: kinds[n % kinds.length]!, headers: {} };
}
const CLAIMS_2_GB = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f, 0x41]);

function topOf(all: readonly { readonly key: string; readonly score: number }[]) {
  return all
    .map(({ key, score }) => ({ key, score }))
    .sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1))
    .slice(0, KEEP);
}

function tallyOf(
  messages: readonly Delivered[],
  of: (message: Delivered) => readonly [string, number],
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const message of messages) {
    const [name, n] = of(message);
    sums[name] = (sums[name] ?? 0) + n;
  }
  return sums;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      documents: { type: 'string', default: '100000' },
      kills: { type: 'string', default: '50' },
      'broker-kills': { type: 'string', default: '5' },
      pauses: { type: 'string', default: '5' },
      guests: { type: 'string', default: '20' },
    },
  });
  const outcome = await chaos(
    {
      documents: Number(values.documents),
      kills: Number(values.kills),
      brokerKills: Number(values['broker-kills']),
      pauses: Number(values.pauses),
      guests: Number(values.guests),
      poisonEvery: 100,
    },
    console.error,
  );
  console.log(JSON.stringify(outcome, null, 2));
}
