/** Answers Prometheus, and those who ask whether a process lives. */
import { createServer, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { addressOf, urlOf } from '../config/address.ts';
import { ConfigError } from '../error.ts';

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
