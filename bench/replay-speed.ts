/** How fast replay goes, from a store and from a cluster, against the gradient stage that it spares: at shapes of a real model. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replayConfig, scanConfig } from '../pipeline/config/config.ts';
import { clusterRecords, type ReplayRecords, storeRecords } from '../pipeline/deltas/records.ts';
import { replay } from '../pipeline/deltas/replay.ts';
import { openBasis } from '../pipeline/deltas/replay-basis.ts';
import { basisMessage } from '../pipeline/kafka/bases.ts';
import { kafkaClient } from '../pipeline/kafka/client.ts';
import { stamp } from '../pipeline/kafka/stamp.ts';
import { createTopics } from '../pipeline/kafka/topics.ts';
import { kafkaTransport } from '../pipeline/kafka/transport.ts';
import { openWire } from '../pipeline/kafka/wire.ts';
import { recordOf } from '../pipeline/scan/scan.ts';
import { REPLAY } from '../pipeline/store/messages.ts';
import { openStore } from '../pipeline/store/store.ts';
import { keepTokenizer } from '../pipeline/target/kept-tokenizer.ts';
import { openTarget, type Target } from '../pipeline/target/target.ts';
import { replayCodec } from '../schemas/codec.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import type { Basis, Gradients, Replay, Tokens } from '../schemas/types.ts';
import { gradient } from '../stages/gradient.ts';
import { openMeasure } from '../stages/graph/open.ts';
import type { WithReplay } from '../stages/replay/attached.ts';
import { LIKELY } from '../stages/replay/record.ts';
import { tokenize } from '../stages/tokenize.ts';
import { startBroker } from '../test/kit/broker.ts';
import { documentsFile } from './documents.ts';
import type { Pair } from './pair.ts';
import { median } from './race.ts';
import { table } from './results.ts';

/** Words enough that every document fills a window. */
const [DOCUMENTS, WORDS, RECORDS, PARTITIONS] = [32, 140, 10_000, 4];
const TOKEN_BUDGET = 512;
const PREFIX = 'bench.';
const PUBLISHED = 500;

export async function replaySection(
  pair: Pair,
  cache: string,
  rounds: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const file = await documentsFile(cache, DOCUMENTS, WORDS);
  const config = scanConfig.parse({ ...pair, source: `jsonl:${file}`, store: 'unused', threads: 1 });
  const environment = { token: undefined, hub: undefined, cache, offline: true, colors: 'none' } as const;
  const target = await openTarget(config, environment, signal);
  const tokens = await tokensOf(file, target, signal);
  const basis = await openBasis(target, 1);
  const plain = await stageOf(target);
  const keeping = await stageOf(target, basis);
  const records = (await measured(keeping, tokens, signal)).map(({ replay: bytes }) => replayCodec.decode(bytes!));
  await keeping.close?.();

  const dir = mkdtempSync(join(tmpdir(), 'deltasift-bench-'));
  const broker = await startBroker();
  const store = openStore(dir);
  try {
    store.bind(target.measurement);
    store.addDelta(recordOf(target, config));
    keepTokenizer(dir, target.files);
    store.records.keepBasis(basis);
    const scan = store.scan(target.delta.id);
    scan.keepReplay(Number.MAX_SAFE_INTEGER);
    const messages = [...manyOf(records)];
    scan.commit(() => messages.forEach(scan.write));

    const connection = { brokers: [broker.address], clientId: 'bench' };
    const client = kafkaClient(connection, 'patient');
    const admin = client.admin();
    await admin.connect();
    await createTopics(admin, { prefix: PREFIX, partitions: PARTITIONS, replicas: 1 }, { apply: false });
    await admin.disconnect();
    const transport = kafkaTransport({ connection, prefix: PREFIX, writes: [REPLAY, 'bases'], stamp });
    await transport.publish([basisMessage(target.measurement.id, basis)], signal);
    for (let at = 0; at < messages.length; at += PUBLISHED)
      await transport.publish(messages.slice(at, at + PUBLISHED), signal);
    await transport.close();
    const topicOf = (topic: string) => PREFIX + topic;
    const wire = await openWire({ format: 'single-object', registry: undefined, topicOf }, signal);

    const asked = replayConfig.parse({ store: dir, exact: 0, threads: 1 });
    const [kept] = store.deltas();
    const world = { environment, cores: 1, now: cpuMs, progress: () => undefined };
    const replayed = async (source: ReplayRecords): Promise<number> =>
      (await replay(store, source, kept!, asked, world, signal)).perSecond;
    const sources = {
      'replay, from the store': storeRecords(store),
      'replay, from Kafka': clusterRecords({ client, prefix: PREFIX, wire }),
    };
    const speeds = new Map<string, number[]>();
    const add = (name: string, speed: number) => speeds.set(name, [...(speeds.get(name) ?? []), speed]);
    for (let round = -1; round < rounds; round++) {
      const start = cpuMs();
      await measured(plain, tokens, signal);
      const gradients = (1000 * tokens.length) / (cpuMs() - start);
      const each = Object.entries(sources);
      const rates = [];
      for (const [name, source] of each) rates.push([name, await replayed(source)] as const);
      if (round < 0) continue; // the first one warms up
      add('gradient stage', gradients);
      for (const [name, rate] of rates) add(name, rate);
    }
    const [{ length: largest }] = messages.map(({ value }) => value).sort((a, b) => b.length - a.length) as [Buffer];
    return words(speeds, rounds, largest);
  } finally {
    store.close();
    await plain.close?.();
    await broker.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Processor time of the process, of all its threads, in ms. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function tokensOf(file: string, { tokenizer, windows }: Target, signal: AbortSignal): Promise<readonly Tokens[]> {
  const documents = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const { id, text } = JSON.parse(line) as { readonly id: string; readonly text: string };
      return { key: id, id, url: null, text, ...NO_PROVENANCE };
    });
  const outcomes = await tokenize(tokenizer, windows).process(documents, signal);
  return outcomes.flatMap((outcome) => outcome as readonly Tokens[]);
}

/** The stage that runs the model, of one delta and without sketches; with a basis it keeps records as well. */
async function stageOf({ base, body, delta, measurement }: Target, basis?: Basis) {
  const session = await openMeasure(base, {
    body,
    deltas: [delta],
    ...(basis && { replay: { directions: basis.directions, rank: basis.rank, likely: LIKELY } }),
    window: 128,
    precision: 'float32',
    providers: ['cpu'],
    threads: 1,
  });
  return gradient({
    session,
    measurement: measurement.id,
    deltas: [delta.id],
    vocabulary: body.vocabulary,
    positions: 'all',
    tokenBudget: TOKEN_BUDGET,
    ...(basis && { basis }),
  });
}

async function measured(
  stage: ReturnType<typeof gradient>,
  tokens: readonly Tokens[],
  signal: AbortSignal,
): Promise<readonly WithReplay<Gradients>[]> {
  return (await stage.process(tokens, signal)).flatMap((outcome) => outcome as readonly WithReplay<Gradients>[]);
}

/** The records over and over, each under a key of its own, and of documents that no delta was scored against. */
function* manyOf(records: readonly Replay[]) {
  for (let i = 0; i < RECORDS; i++) {
    const key = createHash('sha256').update(String(i)).digest('hex');
    const value = replayCodec.encode({ ...records[i % records.length]!, key, deltas: '' });
    yield { topic: REPLAY, key, value, headers: {} };
  }
}

function words(speeds: ReadonlyMap<string, readonly number[]>, rounds: number, largest: number): readonly string[] {
  const stage = speeds.get('gradient stage')!;
  const rows = Array.from(speeds, ([name, rates]) => [
    name,
    median(rates).toFixed(median(rates) < 100 ? 2 : 0),
    median(rates.map((rate, round) => rate / stage[round]!)).toFixed(1),
  ]);
  return [
    `GPT-2 small shapes, documents of a window of 128 tokens, one delta, no sketches; ${RECORDS.toLocaleString('en')} records of at most ${largest.toLocaleString('en')} bytes, in ${PARTITIONS} partitions on Kafka, read and estimated; medians of ${rounds} interleaved rounds, by processor time of the process (its threads and garbage collection; not the broker's). Wanted: at least 20 x the gradient stage.`,
    '',
    ...table(['', 'documents / CPU second', 'x the gradient stage'], rows),
  ];
}
