/** `deltasift serve`: the API and the page of a store, also while a scan writes to it. */
import { setTimeout as delay } from 'node:timers/promises';
import { serveConfig } from '../config/config.ts';
import type { MetricsServer } from '../metrics/server.ts';
import { command } from './command.ts';

/** Longer than any process runs; a timer can be told to end, and keeps the process alive until then. */
const FOR_EVER_MS = 2 ** 31 - 1;

export const serve = command({
  name: 'serve',
  summary: 'Serves the API and the page of a store, also while a scan writes to it.',
  config: serveConfig,

  async run(
    { store, serve: address, serveHost: hosts, serveCheckpoints: roots, metrics },
    { environment, out, err, json, quiet, signal },
  ) {
    const [{ serve: open }, { tokenOf }, { serverMetrics }, { serveMetrics }] = await Promise.all([
      import('../serve/server.ts'), // loaded when asked for: other commands start sooner
      import('../serve/token.ts'),
      import('../metrics/serve.ts'),
      import('../metrics/server.ts'),
    ]);
    const { token, made } = tokenOf(environment.apiToken);
    const watch = metrics === undefined ? undefined : serverMetrics();
    const fault = ({ stack }: Error) => err.write(`deltasift: ${stack}\n`);
    const server = await open({ store, address, token, hosts, roots, environment }, '--serve', fault, watch);
    let scraped: MetricsServer | undefined;
    if (json) out.write(`${JSON.stringify({ url: server.url, ...(made ? { token } : {}) })}\n`);
    else if (made) out.write(`${server.url}/#token=${token}\n`);
    else if (!quiet) out.write(`${server.url}\n`);
    try {
      if (watch !== undefined) scraped = await serveMetrics(watch.registry, metrics!);
      if (scraped !== undefined && !quiet) err.write(`note: metrics at ${scraped.url}\n`);
      while (!signal.aborted) await delay(FOR_EVER_MS, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await scraped?.close();
      await server.close();
    }
  },
});
