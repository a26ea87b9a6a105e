/** `deltasift tap`: what goes through a topic, decoded. */
import { topics } from '../../schemas/topics.ts';
import { type TapConfig, tapConfig } from '../config/config.ts';
import { ConfigError } from '../error.ts';
import { isAsked, plain, type Tapped } from '../tap/message.ts';
import { shown } from '../tap/shown.ts';
import { type Context, command } from './command.ts';

const DEFAULT_LIMIT = 20;

export const tap = command({
  name: 'tap',
  summary:
    'Shows what goes through a topic, decoded: of a store (--store), also while a scan writes to it, or of a Kafka cluster; what cannot be decoded is shown with the reason. With --json a line for each message.',
  config: tapConfig,
  argument: 'topic',

  async run(config, context) {
    const { out, json } = context;
    const { limit, follow } = config;
    const width = out.isTerminal ? out.columns : Number.POSITIVE_INFINITY;
    const show = (message: Tapped) => out.write(json ? `${JSON.stringify(plain(message))}\n` : shown(message, width));
    const asked = (message: Tapped) => isAsked(message, config);
    const open = config.store === undefined ? cluster : store;
    if (!follow) return await open(config, context, ({ newest }) => newest(limit ?? DEFAULT_LIMIT, asked, show));
    const enough = new AbortController();
    const either = AbortSignal.any([context.signal, enough.signal]);
    let left = limit ?? Number.POSITIVE_INFINITY;
    await open(config, context, (opened) =>
      opened.follow((message) => {
        if (left === 0 || !asked(message)) return;
        show(message);
        left--;
        if (left === 0) enough.abort();
      }, either),
    ).catch((error: unknown) => {
      if (!either.aborted) throw error; // so it ends
    });
  },
});

interface Opened {
  newest(limit: number, asked: (message: Tapped) => boolean, show: (message: Tapped) => void): Promise<void>;
  follow(each: (message: Tapped) => void, signal: AbortSignal): Promise<void>;
}

async function store(
  { store: dir, topic }: TapConfig,
  _: Context,
  use: (opened: Opened) => Promise<void>,
): Promise<void> {
  const [{ openView }, { followStore, newestOfStore }] = await Promise.all([
    import('../store/view.ts'), // loaded when asked for: other commands start sooner
    import('../tap/from-store.ts'),
  ]);
  const view = openView(dir!);
  try {
    const tapped = { topic, rows: view.topic(topic), version: view.version };
    await use({
      async newest(limit, asked, show) {
        newestOfStore(tapped, limit, asked).forEach(show);
      },
      async follow(each, signal) {
        for await (const message of followStore(tapped, signal)) each(message);
      },
    });
  } finally {
    view.close();
  }
}

async function cluster(
  { topic, ...config }: TapConfig,
  { environment, signal }: Context,
  use: (opened: Opened) => Promise<void>,
): Promise<void> {
  if (topics.every(({ name }) => name !== topic)) {
    const names = topics.map(({ name }) => name).join(', ');
    throw new ConfigError(`topic ${topic}: expected one of ${names}, named without the prefix`);
  }
  const [{ clusterViewOf }, { followCluster, newestOfCluster }] = await Promise.all([
    import('../config/cluster-view.ts'),
    import('../tap/from-cluster.ts'),
  ]);
  const tapped = { ...(await clusterViewOf(config, environment, 'deltasift-tap', signal)), topic };
  await use({
    async newest(limit, asked, show) {
      (await newestOfCluster(tapped, limit, asked, signal)).forEach(show);
    },
    follow: (each, until) => followCluster(tapped, each, until),
  });
}
