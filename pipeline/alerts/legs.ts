/** The legs of a cluster that tell of documents: from scores to sinks. */
import { alertCodec, scoreCodec } from '../../schemas/codec.ts';
import type { Score } from '../../schemas/types.ts';
import { alert } from '../../stages/alert.ts';
import { type Matched, match } from '../../stages/match.ts';
import { watch } from '../../stages/watch.ts';
import type { Handle, Outgoing, Stage } from '../contract.ts';
import { DIGEST } from '../embedded/alerts.ts';
import type { SubscriptionOptions } from '../kafka/subscription.ts';
import { chain } from '../legs/chain.ts';
import { leg } from '../legs/leg.ts';
import { type PerPartition, perPartition } from '../legs/per-partition.ts';
import { soundAlert, soundScore } from '../legs/sound.ts';
import { type Watching, watched } from '../legs/watched.ts';
import { alertMessages, matchMessage, ruleMessage, WATCHED } from '../store/messages.ts';
import type { LegPlan } from '../topology.ts';
import { type Alerting, digestReader, endingWith, type ReaderOptions, sinkReader } from './alerting.ts';

export interface AlertLegParts extends ReaderOptions, Watching {
  readonly alerting: Alerting;
  readonly digestSeconds: number;
  /** What is committed of the rules of a partition. */
  readonly saved: (partition: number, signal: AbortSignal) => Promise<(name: string) => Uint8Array | undefined>;
}

export interface AlertLeg extends PerPartition {
  /** How its transport reads. */
  readonly pace: Partial<SubscriptionOptions>;
}

/** Who waits for a sink that does not answer is not stuck: longer than a process runs. */
const FOR_EVER_MS = 2 ** 31 - 1;
/** Alerts that a sink is told of at once: those of a batch are sent again where a worker dies among them. */
const TOLD = 1;

/**
 * A rule's thresholds, and what it told of, come of the whole stream of a delta: so `watch` gathers that in one partition, and
 * whoever owns it remembers. See docs/decisions/0021-rules-by-delta.md.
 */
export function alertLeg(plan: LegPlan, parts: AlertLegParts, signal: AbortSignal): AlertLeg {
  const { steps, sink } = plan;
  const { alerting, clock, digestSeconds, unframe } = parts;
  const { rules } = alerting;
  const framed = unframe === undefined ? {} : { unframe };
  const told = <In, Out>(stage: Stage<In, Out>) => watched(stage, parts);

  if (steps.includes('watch')) {
    const handle = leg<Score, Score>(() => chain(told(watch(rules))), {
      decode: (value, writer) => soundScore(scoreCodec.decode(value, writer), 0),
      encode: (score) => [{ topic: WATCHED, key: score.delta, value: scoreCodec.encode(score), headers: {} }],
      ...framed,
    });
    return { handle, prepare: nothing, pace: {} };
  }
  if (steps.includes('digest') || steps.includes('deliver')) {
    const own = alerting.sinks.find(({ name }) => name === sink);
    const reader = own === undefined ? digestReader(parts) : sinkReader(own, rules, parts);
    const pace =
      reader.pace === 'digest'
        ? { batch: DIGEST, lingerMs: digestSeconds * 1000 }
        : { batch: TOLD, lingerMs: 0, stallMs: FOR_EVER_MS };
    return { handle: endingWith(signal, reader.handle), prepare: nothing, pace };
  }
  return { ...perPartition(ruleHandler), pace: {} };

  async function ruleHandler(partition: number, claiming: AbortSignal): Promise<Handle> {
    const saved = await parts.saved(partition, claiming);
    const matched = { decode: decodeScore, ...framed };
    if (!steps.includes('alert')) {
      return leg<{ score: Score }, Matched>(() => chain(told(match({ rules, clock, saved }))), {
        ...matched,
        encode: ({ alerts, states }) => [...alerts.map(matchMessage), ...states.map(ruleMessage)],
      });
    }
    if (steps.includes('match')) {
      const both = () =>
        chain(
          told(match<{ score: Score }>({ rules, clock, saved })),
          told(alert<{ score: Score } & Matched>({ rules, saved })),
        );
      return leg<{ score: Score }, Matched>(both, { ...matched, encode: settled });
    }
    return leg<Matched, Matched>(() => chain(told(alert<Matched>({ rules, saved }))), {
      decode: (value, writer) => ({ alerts: [soundAlert(alertCodec.decode(value, writer))], states: [] }),
      encode: settled,
      ...framed,
    });
  }
}

const nothing = async () => undefined;

function decodeScore(value: Uint8Array, writer: string | undefined): { readonly score: Score } {
  return { score: soundScore(scoreCodec.decode(value, writer), 0) };
}

function settled({ alerts, states }: Matched): readonly Outgoing[] {
  return [...alerts.flatMap(alertMessages), ...states.map(ruleMessage)];
}
