/** The alerts that a store holds and its sinks were not told of. */

import { alertTransports, leaveAllBut } from '../embedded/alerts.ts';
import { bell } from '../embedded/bell.ts';
import { drained, waitingFor } from '../embedded/drained.ts';
import { ConfigError } from '../error.ts';
import { ALERTS } from '../store/messages.ts';
import { openStore } from '../store/store.ts';
import type { Spans } from '../tracing/spans.ts';
import { type AlertConfig, alertReaders, notify, openAlerting } from './alerting.ts';
import { type SinkWorld, sinkTools } from './sink-tools.ts';

export interface NotifyConfig extends AlertConfig {
  /** Folder of the store. */
  readonly store: string;
  readonly digestSeconds: number;
}

export interface NotifyWorld extends SinkWorld {
  /** In [0, 1). */
  random(): number;
  note(sentence: string): void;
  readonly spans?: Spans | undefined;
}

/**
 * Resolves with how many alerts are left, once there are none or `signal` aborts: those of the scans of every delta.
 *
 * @throws ConfigError where there are no sinks, or the store is being written to
 */
export async function tellStore(config: NotifyConfig, world: NotifyWorld, signal: AbortSignal): Promise<number> {
  if (config.sinks.length === 0) throw new ConfigError('sinks: expected at least one in the config, got none');
  const alerting = await openAlerting(config, sinkTools(world));
  const store = openStore(config.store);
  try {
    let left = 0;
    for (const name of store.scans()) {
      const scan = store.scan(name);
      const { clock, random, note: tell, spans } = world;
      const readers = alertReaders(alerting, { clock, random, tell, spans });
      const [changed, stop] = [bell(), new AbortController()];
      const either = AbortSignal.any([signal, stop.signal]);
      leaveAllBut(scan, readers);
      const transports = alertTransports(scan, config.digestSeconds, changed);
      const told = notify(readers, transports, either);
      await transports.digest.flush(signal).catch(() => undefined);
      await drained(scan.log, ALERTS, changed, signal);
      left += waitingFor(scan.log, ALERTS);
      stop.abort();
      await told;
    }
    return left;
  } finally {
    store.close();
    await alerting.close();
  }
}
