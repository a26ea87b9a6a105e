/** `deltasift serve`: the API and the page of a store, also while a scan writes to it. */
import { setTimeout as delay } from 'node:timers/promises';
import { type FollowConfig, serveConfig } from '../config/config.ts';
import { legsOf } from '../config/kafka.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import type { MetricsServer } from '../metrics/server.ts';
import { command, noteTo } from './command.ts';

/** Longer than any process runs; a timer can be told to end, and keeps the process alive until then. */
const FOR_EVER_MS = 2 ** 31 - 1;

export const serve = command({
  name: 'serve',
  summary:
    'Serves the API and the page of a store, also while a scan writes to it; with --brokers of a cluster, which the store follows.',
  config: serveConfig,

  async run(
    { serve: address, serveHost: hosts, serveCheckpoints: roots, metrics, brokers, ...config },
    { environment, out, err, json, quiet, signal },
  ) {
    const [{ serve: open }, { tokenOf }, { serverMetrics }, { serveMetrics }] = await Promise.all([
      import('../serve/server.ts'), // loaded when asked for: other commands start sooner
      import('../serve/token.ts'),
      import('../metrics/serve.ts'),
      import('../metrics/server.ts'),
    ]);
    const note = noteTo({ err, quiet });
    const { store } = config;
    const following =
      brokers === undefined ? undefined : await follow({ ...config, brokers }, environment, note, signal);
    if (signal.aborted) return;
    const { token, made } = tokenOf(environment.apiToken);
    const watch = metrics === undefined ? undefined : serverMetrics();
    const fault = ({ stack }: Error) => err.write(`deltasift: ${stack}\n`);
    const cluster = brokers && { ...config, brokers };
    const server = await open({ store, address, token, hosts, roots, cluster, environment }, '--serve', fault, watch);
    let scraped: MetricsServer | undefined;
    if (json) out.write(`${JSON.stringify({ url: server.url, ...(made ? { token } : {}) })}\n`);
    else if (made) out.write(`${server.url}/#token=${token}\n`);
    else if (!quiet) out.write(`${server.url}\n`);
    try {
      if (watch !== undefined) scraped = await serveMetrics(watch.registry, metrics!);
      if (scraped !== undefined) note(`metrics at ${scraped.url}`);
      if (following !== undefined) await following.ended;
      while (!signal.aborted) await delay(FOR_EVER_MS, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await scraped?.close();
      await server.close();
    }
  },
});

type Given = Omit<FollowConfig, 'base' | 'tuned'> & Partial<Record<'base' | 'tuned', string | undefined>>;

/** Resolves when the store has what the cluster had; `ended` is what goes on. */
async function follow(
  { base, tuned, ...config }: Given,
  environment: Environment,
  note: (sentence: string) => void,
  signal: AbortSignal,
): Promise<{ readonly ended: Promise<void> }> {
  if (base === undefined || tuned === undefined) {
    throw new ConfigError('--brokers: expected --base and --tuned as well, which the workers of the cluster compare');
  }
  const { gatheredStore } = await import('../gather/gathered-store.ts');
  const gathered = await gatheredStore({ ...config, base, tuned }, { environment, note }, signal);
  try {
    await gathered.catchUp(signal);
  } catch (error) {
    gathered.close();
    throw error;
  }
  const ended = gathered.follow(legsOf(config), signal).finally(gathered.close);
  ended.catch(() => undefined); // told to whoever waits
  return { ended };
}
