/** Rules and sinks of a config, as what reads and writes the topics of alerts. */
import { alertCodec } from '../../schemas/codec.ts';
import type { Alert } from '../../schemas/types.ts';
import type { Rule } from '../../stages/alert/rule.ts';
import { deliver } from '../../stages/deliver.ts';
import { digest } from '../../stages/digest.ts';
import { type NamedSink, sinksOf } from '../../stages/sinks/sinks.ts';
import { ruleOf } from '../config/alerts.ts';
import type { ScanConfig } from '../config/config.ts';
import type { Handle, SinkTools, Transport } from '../contract.ts';
import { ConfigError } from '../error.ts';
import { chain } from '../legs/chain.ts';
import { leg } from '../legs/leg.ts';
import { ALERTS, alertMessages, HELD } from '../store/messages.ts';

export type AlertConfig = Pick<ScanConfig, 'alerts' | 'sinks'>;

export interface Alerting {
  readonly rules: readonly Rule[];
  readonly sinks: readonly NamedSink[];
  close(): Promise<void>;
}

/** @throws ConfigError where a sink refuses its settings, or a rule names one that is not there */
export async function openAlerting(config: AlertConfig, tools: SinkTools): Promise<Alerting> {
  const rules = config.alerts.map(ruleOf);
  const sinks = await sinksOf(config.sinks, tools);
  for (const { name, sinks: told = [] } of rules) {
    const missing = told.find((one) => sinks.every((sink) => sink.name !== one));
    if (missing === undefined) continue;
    const there = sinks.map((sink) => sink.name).join(', ') || 'none';
    throw new ConfigError(
      `alerts: rule ${name} tells the sink ${missing}: expected one of \`sinks\`, which are ${there}`,
    );
  }
  return {
    rules,
    sinks,
    async close() {
      for (const { sink } of sinks) await sink.close?.();
    },
  };
}

/** Whoever reads a topic of alerts. */
export interface AlertReader {
  readonly topic: string;
  readonly group: string;
  /** alerts: one by one, as they come; digest: gathered for as long as a digest takes. */
  readonly pace: 'alerts' | 'digest';
  readonly handle: Handle;
}

export interface ReaderOptions {
  /** Seconds since 1970. */
  readonly clock: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly tell: (sentence: string) => void;
}

/** A group for each sink, so that none waits for another, and one that makes digests. */
export function alertReaders(
  { rules, sinks }: Alerting,
  { clock, random, tell }: ReaderOptions,
): readonly AlertReader[] {
  const decode = alertCodec.decode;
  const told = sinks.map(({ name, sink }): AlertReader => {
    const wants = (rule: string) => rules.find((one) => one.name === rule)?.sinks?.includes(name) ?? true;
    const make = () => chain(deliver({ name, sink: { send: sink.send }, wants, random, tell }));
    return { topic: ALERTS, group: `notify.${name}`, pace: 'alerts', handle: leg(make, { decode, encode: () => [] }) };
  });
  if (told.length === 0) return [];
  const handle = leg<Alert, Alert>(() => chain(digest(clock)), { decode, encode: alertMessages });
  return [...told, { topic: HELD, group: 'digest', pace: 'digest', handle }];
}

/**
 * Until `signal` aborts, also where a sink does not answer: what it was not told of comes again. Groups have their place in the topic
 * when this returns its promise.
 */
export async function notify(
  readers: readonly AlertReader[],
  transports: Readonly<Record<AlertReader['pace'], Transport>>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await Promise.all(
      readers.map(({ topic, group, pace, handle }) => {
        const until: Handle = (batch, abandoned) => handle(batch, AbortSignal.any([abandoned, signal]));
        return transports[pace].subscribe(topic, group, until, signal);
      }),
    );
  } finally {
    await Promise.all([transports.alerts.close(), transports.digest.close()]);
  }
}
