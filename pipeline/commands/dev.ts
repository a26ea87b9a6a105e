/** `deltasift dev`: a broker, the topics, a crawl and all legs on this machine. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { type DevConfig, devConfig } from '../config/config.ts';
import { legsOf } from '../config/kafka.ts';
import { type Child, startChild } from '../dev/child.ts';
import { type LocalBroker, localBroker } from '../dev/local-broker.ts';
import { ConfigError } from '../error.ts';
import { type Context, command } from './command.ts';
import { withAdmin } from './kafka-admin.ts';

/** Between two looks at how far the legs are. */
const LOOK_MS = 1000;
/** How often it is looked whether sinks were told, where nothing else is left to do. */
const SINK_LOOKS = 5;
/** A worker commits what is in flight within 8 s. */
const PATIENCE_MS = 15_000;

export const dev = command({
  name: 'dev',
  summary:
    'Runs the whole pipeline on a Kafka broker of this machine: broker, topics, crawl and a worker for each leg. With --store it ends when all is scored, and gathers the store; else it runs until Ctrl-C.',
  config: devConfig,

  async run(config, context) {
    const { out, json, signal } = context;
    const show = (line: string) => (context.quiet ? undefined : context.err.write(`${line}\n`));
    if (config.store !== undefined && existsSync(join(config.store, 'store.sqlite'))) {
      throw new ConfigError(`${config.store} holds a store already: name a folder that holds none`);
    }
    const broker = localBroker(resolve(config.devDir), config.port);
    await broker.start(show);
    try {
      signal.throwIfAborted();
      const file = settingsFile(config, broker);
      await runAll(config, context, broker, file, show);
      out.write(json ? `${JSON.stringify({ store: config.store ?? null })}\n` : words(config));
    } finally {
      await end(config, broker, show);
    }
  },
});

async function runAll(
  config: DevConfig,
  context: Context,
  broker: LocalBroker,
  file: string,
  show: (line: string) => void,
): Promise<void> {
  const { signal } = context;
  const deltasift = (name: string, ...words: readonly string[]) =>
    startChild(name, [process.execPath, ...process.execArgv, process.argv[1]!, ...words, '--config', file], show);
  const children: Child[] = [];
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const start = (name: string, ...words: readonly string[]): Child => {
    const child = deltasift(name, ...words);
    children.push(child);
    child.ended.then(
      (code) => code !== 0 && failed.reject(new ChildFailed(name, code)),
      (error: unknown) => failed.reject(error),
    );
    return child;
  };

  try {
    await orFail(start('topics', 'topics', 'create').ended);
    for (const { name } of legsOf(config)) start(name, 'worker', '--legs', name);
    const crawl = start('crawl', 'crawl');
    if (config.store === undefined) return await orFail(new Promise<never>(() => undefined));
    await orFail(crawl.ended);
    await orFail(allScored(config, context, broker, show));
    await stopAll();
    const code = await deltasift('gather', 'gather').ended;
    if (code !== 0) throw new ChildFailed('gather', code);
  } finally {
    await stopAll();
  }

  /** Resolves as `what` does; rejects where a child failed, or on Ctrl-C. */
  async function orFail<T>(what: Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    return await Promise.race([what, failed.promise, aborted]);
  }

  /** The crawl first, then the legs in their order: each finishes what the one before gave it, or leaves it to the next run. */
  async function stopAll(): Promise<void> {
    const inOrder = [...children].sort((a, b) => Number(b.name === 'crawl') - Number(a.name === 'crawl'));
    children.length = 0;
    for (const child of inOrder) await child.stop(PATIENCE_MS);
  }
}

/** Resolves when every leg has handled all there is; sinks are waited for a little, and told of the rest the next time. */
async function allScored(
  config: DevConfig,
  context: Context,
  { address }: LocalBroker,
  show: (line: string) => void,
): Promise<void> {
  const { backlogOf } = await import('../dev/backlog.ts');
  const plans = legsOf(config).filter(({ steps }) => !steps.includes('digest'));
  const isSink = (leg: string) => plans.some(({ name, sink }) => name === leg && sink !== undefined);
  let looks = SINK_LOOKS;
  await withAdmin({ brokers: [address] }, context, async (admin) => {
    for (let before = ''; ; ) {
      const backlog = await backlogOf(admin, config.prefix, plans);
      const left = backlog.filter(({ lag }) => lag > 0);
      if (left.length === 0 || (left.every(({ leg }) => isSink(leg)) && looks-- === 0)) return;
      const line = backlog.map(({ leg, lag }) => `${leg} ${lag}`).join(', ');
      if (line !== before) show(`lag | ${line}`);
      before = line;
      await delay(LOOK_MS, undefined, { signal: context.signal });
    }
  });
}

async function end({ wipe, leave }: DevConfig, broker: LocalBroker, show: (line: string) => void): Promise<void> {
  if (wipe === true) {
    await broker.wipe();
    show('broker | stopped, and its data deleted');
  } else if (leave === true) {
    show(`broker | left running on ${broker.address}`);
  } else {
    await broker.stop();
    show('broker | stopped; the next `deltasift dev` goes on from here');
  }
}

/** What the children are told: the same settings, and where the broker is. */
function settingsFile(
  { devDir, port: _, wipe: __, leave: ___, ...config }: DevConfig,
  { address }: LocalBroker,
): string {
  mkdirSync(devDir, { recursive: true });
  const file = resolve(join(devDir, 'settings.yaml'));
  writeFileSync(file, stringify({ ...config, brokers: [address], replicas: 1 }));
  return file;
}

function words({ store }: DevConfig): string {
  return store === undefined ? '' : `all scored\nbest: deltasift top --store ${store}\n`;
}

/** It has said why, under its name. */
class ChildFailed extends Error {
  readonly exitCode: number;

  constructor(name: string, code: number) {
    super(`${name} ended with exit code ${code}: see its lines above`);
    this.name = 'ChildFailed';
    this.exitCode = code;
  }
}
