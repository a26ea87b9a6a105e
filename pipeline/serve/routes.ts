/** Every route of the API, in the order of the OpenAPI document. */
import type { Change, Route } from './route.ts';
import { alerts } from './routes/alerts.ts';
import { changeDeltas } from './routes/change-deltas.ts';
import { counters } from './routes/counters.ts';
import { deltas } from './routes/deltas.ts';
import { document } from './routes/document.ts';
import { health, ready } from './routes/health.ts';
import { histogram } from './routes/histogram.ts';
import { history } from './routes/history.ts';
import { hosts } from './routes/hosts.ts';
import { rejects } from './routes/rejects.ts';
import { rules } from './routes/rules.ts';
import { selection } from './routes/selection.ts';
import { top } from './routes/top.ts';
import { topology } from './routes/topology.ts';

export const routes: readonly Route[] = [
  deltas,
  top,
  document,
  selection,
  histogram,
  hosts,
  counters,
  history,
  topology,
  rejects,
  alerts,
  rules,
  health,
  ready,
];

export const changes: readonly Change[] = changeDeltas;
