/** The handlers of a topology's legs, from their steps. */
import type { Codec } from '../../schemas/codec.ts';
import { documentCodec, gradientsCodec, scoreCodec, tokensCodec } from '../../schemas/codec.ts';
import type { Document, Gradients, Score, Tokens } from '../../schemas/types.ts';
import type { NamedFilter } from '../../stages/filters/filters.ts';
import type { Measure } from '../../stages/measure.ts';
import type { WithReplay } from '../../stages/replay/attached.ts';
import { type ScoredDelta, score } from '../../stages/score.ts';
import { type Selected, select } from '../../stages/select.ts';
import type { Handle, Outgoing, Stage } from '../contract.ts';
import type { SavedShare, SeenSet } from '../kafka/partition-state.ts';
import { type Comparing, firstComparison } from '../near-duplicates/leg.ts';
import { REPLAY, SEEN, SELECTION, selectionMessage } from '../store/messages.ts';
import { type LegPlan, STEPS, type Step } from '../topology.ts';
import { type Admitting, admit } from './admit.ts';
import { after } from './after.ts';
import { type Chain, chain } from './chain.ts';
import { type LegOptions, leg } from './leg.ts';
import { type PerPartition, perPartition } from './per-partition.ts';
import { soundGradients, soundScore, soundTokens } from './sound.ts';
import { type Watching, watched } from './watched.ts';

export interface LegParts extends Watching {
  readonly filters: readonly NamedFilter[];
  /** Documents are compared behind tokenize; left out where near duplicates are let through. */
  readonly comparing?: Comparing | undefined;
  readonly tokenize: Stage<Document, Tokens>;
  /** The stage that holds a session; whoever opened it closes it. */
  readonly gradient: Stage<Tokens, Gradients>;
  /** Tokens of the longest window that the model takes. */
  readonly longest: number;
  readonly deltas: readonly ScoredDelta[] | LiveDeltas;
  readonly rankBy: Measure;
  /** Label words of a classifier. */
  readonly labels?: readonly string[] | undefined;
  readonly keep: number;
  readonly pool: { readonly size: number; readonly width: number } | undefined;
  /** Documents kept in each of the other orders; 0 keeps none. */
  readonly others: number;
  /** Where the transport frames values in another way than codecs do. */
  readonly unframe?: LegOptions<unknown, unknown>['unframe'];
  /** What is committed of a partition. */
  readonly seen: (partition: number, signal: AbortSignal) => Promise<SeenSet>;
  readonly saved: (partition: number, signal: AbortSignal) => Promise<SavedShare>;
}

/** Deltas that come and go while the legs run. */
export interface LiveDeltas {
  /** `gone` where it was removed. */
  of(id: string): (ScoredDelta & { readonly gone: boolean }) | undefined;
  /** Resolves when every delta is known that anybody may have scored. */
  catchUp(signal: AbortSignal): Promise<void>;
  /** Ids of those that were removed: what a partition still keeps of them is let go. */
  removed(): readonly string[];
}

type AnyStage = Stage<unknown, unknown>;

/**
 * A leg that tokenizes knows which documents it has seen, one that selects what it has selected: both remember a partition at a
 * time. One that does neither gets its batches whole, filled from all partitions.
 */
export function legHandler(plan: Pick<LegPlan, 'steps'>, parts: LegParts): PerPartition {
  const steps = STEPS.filter((step) => plan.steps.includes(step));
  const remembers = steps.includes('tokenize') || steps.includes('select');
  if (!remembers) {
    const handle = handlerOf(steps, parts, {});
    return { handle, prepare: async () => undefined };
  }
  return perPartition(async (partition, signal) => {
    const seen = steps.includes('tokenize') ? await parts.seen(partition, signal) : undefined;
    const saved = steps.includes('select') ? await parts.saved(partition, signal) : undefined;
    const removed = 'of' in parts.deltas ? parts.deltas.removed() : [];
    let leftovers = removed.flatMap((delta) => saved?.forget(delta) ?? []);
    const again = new Set<string>(); // keys of messages that were replayed: their texts were seen, and rejected
    const handle = handlerOf(steps, parts, { seen, saved, again: (key) => again.delete(key) });
    return async (batch, abandoned) => {
      for (const { key, headers } of batch) if (headers['attempt'] !== undefined) again.add(key);
      const made = await handle(batch, abandoned);
      const lists = made.map((list, i) => (i === 0 ? [...list, ...leftovers.map(forgotten)] : list));
      leftovers = [];
      const tooMany = lists.flat().flatMap(({ topic, key }) => (topic === SEEN ? (seen?.add(key) ?? []) : []));
      return lists.map((list, i) =>
        i === lists.length - 1 ? [...list, ...tooMany.filter((key) => seen?.has(key) === false).map(unseen)] : list,
      );
    };
  });
}

const unseen = (key: string): Outgoing => ({ topic: SEEN, key, value: null, headers: {} });
const forgotten = (key: string): Outgoing => ({ topic: SELECTION, key, value: null, headers: {} });

/** What a partition's stages remember. */
interface Memory {
  readonly seen?: SeenSet | undefined;
  readonly saved?: SavedShare | undefined;
  readonly again?: (key: string) => boolean;
}

function handlerOf(steps: readonly Step[], parts: LegParts, { seen, saved, again = () => false }: Memory): Handle {
  const { deltas, keep, pool, others, filters, comparing, unframe } = parts;
  let admitting: Admitting | undefined;
  const live = 'of' in deltas ? deltas : undefined;
  const known = (stage: Stage<never, unknown>, idsOf: (value: never) => readonly string[]): AnyStage =>
    live === undefined
      ? (stage as AnyStage)
      : (after(stage, (batch, signal) =>
          batch.flatMap(idsOf).every((id) => live.of(id) !== undefined) ? undefined : live.catchUp(signal),
        ) as AnyStage);
  const stages: Readonly<Record<Step, () => readonly AnyStage[]>> = {
    tokenize() {
      admitting = admit({ seen: (key) => seen!.has(key), again, filters, near: undefined });
      return [...admitting.stages, parts.tokenize] as readonly AnyStage[];
    },
    gradient: () => [parts.gradient] as readonly AnyStage[],
    score: () => [
      known(
        score('of' in deltas ? deltas.of : deltas, { rankBy: parts.rankBy, labels: parts.labels }),
        (one: Gradients) => one.deltas.split(','),
      ),
    ],
    select: () => [
      known(select({ deltas: 'of' in deltas ? deltas.of : deltas, keep, pool, others }, saved!), ({ delta }: Score) => [
        delta,
      ]),
    ],
  };
  const last = steps.at(-1)!;
  const encode =
    last === 'tokenize' && comparing !== undefined
      ? (value: unknown) => [firstComparison(value as Tokens, comparing)]
      : ENCODE[last];
  const make = () => {
    const all = steps.flatMap((step) => stages[step]()).map((stage) => watched(stage, parts));
    return (chain as (...stages: readonly AnyStage[]) => Chain<unknown, unknown>)(...all);
  };
  return leg(make, {
    decode: decoders(parts)[steps[0]!],
    encode: (value) => [...encode(value), ...recordOf(value)],
    ...(unframe === undefined ? {} : { unframe }),
    ...(seen === undefined
      ? {}
      : { remember: (key) => admitting!.remember(key), describe: (document) => document as Document }),
  });
}

/** What a leg reads, as its first step takes it. */
function decoders({ longest, pool }: LegParts): Readonly<Record<Step, LegOptions<unknown, unknown>['decode']>> {
  return {
    tokenize: documentCodec.decode,
    gradient: (value, writer) => soundTokens(tokensCodec.decode(value, writer), longest),
    score: (value, writer) => soundGradients(gradientsCodec.decode(value, writer)),
    select: (value, writer) => soundScore(scoreCodec.decode(value, writer), pool?.width ?? 0),
  };
}

const ENCODE: Readonly<Record<Step, (value: unknown) => readonly Outgoing[]>> = {
  tokenize: (value) => [messageOf('tokens', tokensCodec, value as Tokens)],
  gradient: (value) => [messageOf('sketches', gradientsCodec, value as Gradients)],
  score: (value) => [messageOf('scores', scoreCodec, value as Score)],
  select: (value) => (value as Selected).changes.map(selectionMessage),
};

/** The replay record that goes with what the last step made, where the leg has the model. */
function recordOf(value: unknown): readonly Outgoing[] {
  const { score } = value as Partial<Selected>; // a number where the value is a score itself
  const { key, replay } = (typeof score === 'object' ? score : value) as WithReplay<{ readonly key: string }>;
  return replay === undefined ? [] : [{ topic: REPLAY, key, value: replay, headers: {} }];
}

function messageOf<T extends { readonly key: string }>(topic: string, codec: Codec<T>, value: T): Outgoing {
  return { topic, key: value.key, value: codec.encode(value), headers: {} };
}
