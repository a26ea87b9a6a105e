/** Rules and sinks of a config, as what reads and writes the topics of alerts. */
import { alertCodec } from '../../schemas/codec.ts';
import type { Alert } from '../../schemas/types.ts';
import type { Rule } from '../../stages/alert/rule.ts';
import { deliver } from '../../stages/deliver.ts';
import { digest } from '../../stages/digest.ts';
import { type NamedSink, sinkName, sinksOf } from '../../stages/sinks/sinks.ts';
import { ruleOf } from '../config/alerts.ts';
import type { ScanConfig } from '../config/config.ts';
import type { Handle, Message, SinkTools, ToldAlert, Transport } from '../contract.ts';
import { ConfigError } from '../error.ts';
import { chain } from '../legs/chain.ts';
import { type LegOptions, leg } from '../legs/leg.ts';
import { soundAlert } from '../legs/sound.ts';
import { ALERTS, alertMessages, HELD } from '../store/messages.ts';
import type { Spans } from '../tracing/spans.ts';
import { tracedHandle, tracedStage } from '../tracing/traced.ts';

export type AlertConfig = Pick<ScanConfig, 'alerts' | 'sinks'>;

export interface Alerting {
  readonly rules: readonly Rule[];
  readonly sinks: readonly NamedSink[];
  close(): Promise<void>;
}

/**
 * @param which names of the sinks to open; all where left out
 * @throws ConfigError where a sink refuses its settings, or a rule names one that is not there
 */
export async function openAlerting(
  config: AlertConfig,
  tools: SinkTools,
  which?: readonly string[],
): Promise<Alerting> {
  const rules = config.alerts.map(ruleOf);
  const names = config.sinks.map(sinkName);
  for (const { name, sinks: told = [] } of rules) {
    const missing = told.find((one) => !names.includes(one));
    if (missing === undefined) continue;
    throw new ConfigError(
      `alerts: rule ${name} tells the sink ${missing}: expected one of \`sinks\`, which are ${names.join(', ') || 'none'}`,
    );
  }
  const opened = which === undefined ? config.sinks : config.sinks.filter((spec) => which.includes(sinkName(spec)));
  const sinks = await sinksOf(opened, tools);
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
  readonly spans?: Spans | undefined;
  /** Where the transport frames values in another way than codecs do. */
  readonly unframe?: LegOptions<unknown, unknown>['unframe'];
}

/** A group for each sink, so that none waits for another, and one that makes digests. */
export function alertReaders(alerting: Alerting, options: ReaderOptions): readonly AlertReader[] {
  const told = alerting.sinks.map((sink) => sinkReader(sink, alerting.rules, options));
  const readers = told.length === 0 ? [] : [...told, digestReader(options)];
  return readers.map((reader) => ({ ...reader, handle: tracedHandle(reader.handle, options.spans) }));
}

export function sinkReader(
  { name, sink }: NamedSink,
  rules: Alerting['rules'],
  { random, tell, unframe, spans }: ReaderOptions,
): AlertReader {
  const wants = (rule: string) => rules.find((one) => one.name === rule)?.sinks?.includes(name) ?? true;
  const make = () => chain(tracedStage(deliver({ name, sink: { send: sink.send }, wants, random, tell }), spans));
  const handle = leg<ToldAlert, ToldAlert>(make, { ...reading(unframe), encode: () => [] });
  return { topic: ALERTS, group: `notify.${name}`, pace: 'alerts', handle };
}

export function digestReader({ clock, unframe, spans }: ReaderOptions): AlertReader {
  const handle = leg<Alert, Alert>(() => chain(tracedStage(digest(clock), spans)), {
    ...reading(unframe),
    encode: alertMessages,
  });
  return { topic: HELD, group: 'digest', pace: 'digest', handle };
}

function reading(unframe: ReaderOptions['unframe']) {
  const decode = (value: Uint8Array, writer?: string, headers: Message['headers'] = {}): ToldAlert => {
    const { traceparent } = headers;
    const alert = soundAlert(alertCodec.decode(value, writer));
    return traceparent === undefined ? alert : { ...alert, traceparent };
  };
  return { decode, ...(unframe === undefined ? {} : { unframe }) };
}

/** Aborts what is in flight with `signal`, also where a sink does not answer. */
export function endingWith(signal: AbortSignal, handle: Handle): Handle {
  return (batch, abandoned) => handle(batch, AbortSignal.any([abandoned, signal]));
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
      readers.map(({ topic, group, pace, handle }) =>
        transports[pace].subscribe(topic, group, endingWith(signal, handle), signal),
      ),
    );
  } finally {
    await Promise.all([transports.alerts.close(), transports.digest.close()]);
  }
}
