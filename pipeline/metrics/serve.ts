/** What a server of a store tells Prometheus. */
import type { Registry } from 'prom-client';
import type { ServeWatch } from '../serve/server.ts';
import { registerMetrics } from './register.ts';
import { watchStore } from './store.ts';

export function serverMetrics(): ServeWatch & { readonly registry: Registry } {
  const metrics = registerMetrics('serve');
  const took = metrics.histogram('deltasift_request_seconds');
  return {
    registry: metrics.registry,
    opened: (view) => watchStore(metrics, view),
    answered: ({ route, status, ms }) => took.observe({ route, status: String(status) }, ms / 1000),
  };
}
