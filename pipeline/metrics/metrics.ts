/** What a running scan tells Prometheus. Counters are read from the store at each scrape, so they outlive a restart. */
import { createServer, type ServerResponse } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { addressOf, urlOf } from '../config/address.ts';
import { ConfigError } from '../error.ts';
import type { ScanProgress } from '../scan/progress.ts';
import type { Scan } from '../store/scan.ts';

export interface MetricsOptions {
  readonly scan: Scan;
  /** Where documents wait that were read and not yet handled. */
  readonly topic: string;
  /** Seconds since 1970. */
  readonly clock: () => number;
}

export interface ScanMetrics {
  readonly registry: Registry;
  /** Takes the state of the scan after a batch. */
  progress(progress: ScanProgress): void;
  /** All that there was of the source was read. */
  waits(): void;
}

export function scanMetrics({ scan, topic, clock }: MetricsOptions): ScanMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  new Counter({
    name: 'deltasift_documents_total',
    help: 'Documents by stage and what became of them there: in = out + dropped + rejected.',
    labelNames: ['stage', 'outcome', 'code'],
    registers,
    collect() {
      this.reset();
      for (const { stage, outcome, code, n } of scan.counts()) this.inc({ stage, outcome, code }, n);
    },
  });
  new Gauge({
    name: 'deltasift_waiting_documents',
    help: 'Documents read from the source and not yet handled.',
    registers,
    collect() {
      const places = scan.log.places().filter((place) => place.topic === topic);
      this.set(Math.max(0, ...places.map(({ next }) => scan.log.head(topic) - next)));
    },
  });
  const tokens = new Gauge({ name: 'deltasift_scored_tokens', help: 'Tokens scored by this run.', registers });
  const best = new Gauge({ name: 'deltasift_best_score', help: 'Best score of this run.', registers });
  const last = new Gauge({
    name: 'deltasift_last_progress_seconds',
    help: 'When a batch was last scored, in seconds since 1970.',
    registers,
  });
  const looked = new Gauge({
    name: 'deltasift_last_look_seconds',
    help: 'When a source that is followed was last read to its end, in seconds since 1970.',
    registers,
  });

  return {
    registry,

    progress(progress) {
      tokens.set(progress.tokens);
      if (progress.best !== undefined) best.set(progress.best.score);
      last.set(clock());
    },

    waits: () => looked.set(clock()),
  };
}

/** Whether a process lives, and whether it does its work already. */
export interface Probes {
  healthy(): boolean;
  ready(): boolean;
}

export interface MetricsServer {
  /** Where it listens: http://HOST:PORT/metrics */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, `/healthz` and `/readyz`, and nothing else. The probes answer 200 or 503; without any, 200 for as long as it
 * answers.
 *
 * @param address [HOST:]PORT, by default of the loopback; port 0 takes any that is free
 * @throws ConfigError where the address is of another form, or cannot be listened on
 */
export async function serveMetrics(
  registry: Registry,
  address: string,
  { healthy, ready }: Probes = { healthy: () => true, ready: () => true },
): Promise<MetricsServer> {
  const { host, port } = addressOf(address, '--metrics');
  const server = createServer(async (request, response) => {
    const path = request.method === 'GET' ? request.url : undefined;
    if (path === '/healthz') answer(response, healthy());
    else if (path === '/readyz') answer(response, ready());
    else if (path === '/metrics') {
      response.setHeader('content-type', registry.contentType);
      response.end(await registry.metrics());
    } else response.writeHead(404).end('there are /metrics, /healthz and /readyz\n');
  });
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(port, host, listening.resolve);
  try {
    await listening.promise;
  } catch (error) {
    throw new ConfigError(`--metrics ${address}: cannot listen there: ${(error as Error).message}`);
  }
  server.unref();
  const bound = server.address() as { readonly port: number };
  return {
    url: `${urlOf({ host, port: bound.port })}/metrics`,
    async close() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

function answer(response: ServerResponse, holds: boolean): void {
  response.writeHead(holds ? 200 : 503).end(holds ? 'ok\n' : 'not now\n');
}
