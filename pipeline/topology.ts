/** Which stages run in which workers, and the topics between them. */
import { type TopicName, topics } from '../schemas/topics.ts';
import { ConfigError } from './error.ts';

/** What finds and keeps documents, in order; between two of them is a topic, or, in one leg, a call. */
export const STEPS = ['tokenize', 'gradient', 'score', 'select'] as const;
export type Step = (typeof STEPS)[number];

/** Between tokenize and gradient, where near duplicates are dropped. */
const COMPARE = 'compare';

/** What tells of them, where there are rules. */
export const ALERT_STEPS = ['watch', 'match', 'alert', 'digest', 'deliver'] as const;
export type AlertStep = (typeof ALERT_STEPS)[number];

type AnyStep = Step | typeof COMPARE | AlertStep;
const ALL: readonly AnyStep[] = ['tokenize', COMPARE, 'gradient', 'score', 'select', ...ALERT_STEPS];

/** Steps that may follow each other by call: elsewhere what comes is partitioned in another way than what goes. */
const CHAINS: readonly (readonly AnyStep[])[] = [
  STEPS,
  [COMPARE],
  ['watch'],
  ['match', 'alert'],
  ['digest'],
  ['deliver'],
];

/** The topic that a step reads. */
export const INPUT: Readonly<Record<AnyStep, TopicName>> = {
  tokenize: 'documents',
  compare: 'bands',
  gradient: 'tokens',
  score: 'sketches',
  select: 'scores',
  watch: 'scores',
  match: 'watched',
  alert: 'matches',
  digest: 'held',
  deliver: 'alerts',
};

/** What a step writes where no step follows it by call. */
const OUTPUT: Readonly<Record<AnyStep, readonly TopicName[]>> = {
  tokenize: ['tokens'],
  compare: ['bands', 'tokens'],
  gradient: ['sketches'],
  score: ['scores'],
  select: ['selection'],
  watch: ['watched'],
  match: ['matches'],
  alert: ['alerts', 'held'],
  digest: ['alerts'],
  deliver: [],
};

/** Besides, whatever follows it. */
const REMEMBERS: Readonly<Partial<Record<AnyStep, readonly TopicName[]>>> = {
  tokenize: ['seen'],
  compare: ['signatures'],
  gradient: ['replay'],
  match: ['rules'],
  alert: ['rules'],
};

/** Steps of one worker, chained by call. */
export interface LegPlan {
  /** Also the name of the consumer group: other chains of steps are other groups. */
  readonly name: string;
  readonly steps: readonly AnyStep[];
  readonly reads: TopicName;
  readonly writes: readonly TopicName[];
  /** Whom it tells: `deliver` is a leg for each sink, so that none waits for another. */
  readonly sink?: string;
}

/** What tells of documents, rather than find them. */
export function isOfAlerts({ steps }: LegPlan): boolean {
  return ALERT_STEPS.some((step) => steps.includes(step));
}

/** Drops near duplicates: neither finds documents nor tells of them. */
export function isOfComparing({ steps }: LegPlan): boolean {
  return steps.includes(COMPARE);
}

/**
 * @param comparing near duplicates are dropped: documents are compared before the model sees them
 * @throws ConfigError where a step is not known, or does not follow the one before
 */
export function legPlan(name: string, comparing = false): LegPlan {
  const steps = name.split('+').map((step) => {
    const known = ALL.find((one) => one === step);
    if (known !== undefined) return known;
    throw new ConfigError(`no leg ${step}: expected one of ${ALL.join(', ')}, or several in that order, joined by +`);
  });
  const chain = CHAINS.find((one) => one.includes(steps[0]!))!;
  const first = chain.indexOf(steps[0]!);
  const expected = chain.slice(first, first + steps.length).join('+');
  if (steps.join('+') !== expected) {
    throw new ConfigError(`leg ${name}: a leg is steps in their order, without gaps; expected ${expected}`);
  }
  if (steps.includes(COMPARE) && !comparing) {
    throw new ConfigError(`leg ${name}: documents are compared with --near-duplicates drop, which was not given`);
  }
  if (comparing && steps[0] === 'tokenize' && steps.length > 1) {
    throw new ConfigError(
      `leg ${name}: with --near-duplicates drop documents are compared behind tokenize: expected it as a leg of its own`,
    );
  }
  return { name, steps, reads: INPUT[steps[0]!], writes: writesOf(steps, comparing) };
}

export interface TopologyOptions {
  /** Names of those that `deliver` tells; `deliver.NAME` is one of them. */
  readonly sinks?: readonly string[];
  /** Near duplicates are dropped. */
  readonly comparing?: boolean;
}

/**
 * @throws ConfigError where two legs share a step, or a leg reads a topic that another leg of these leaves out
 */
export function topology(
  names: readonly string[],
  { sinks = [], comparing = false }: TopologyOptions = {},
): readonly LegPlan[] {
  const legs = names
    .flatMap((name) => (/^deliver(\.|$)/.test(name) ? deliveries(name, sinks) : [legPlan(name, comparing)]))
    .sort((a, b) => ALL.indexOf(a.steps[0]!) - ALL.indexOf(b.steps[0]!));
  const steps = legs.flatMap((leg): readonly string[] => (leg.sink === undefined ? leg.steps : [leg.name]));
  const twice = steps.find((step, i) => steps.indexOf(step) !== i);
  if (twice !== undefined) throw new ConfigError(`step ${twice} is in two legs: each message would be handled twice`);
  const chained = legs.find((leg) => leg.steps.includes('score') && leg.steps.includes('select'));
  if (chained !== undefined && steps.includes('watch')) {
    throw new ConfigError(
      `leg ${chained.name} writes no scores, which watch reads: expected score and select in legs of their own`,
    );
  }
  return legs;
}

function deliveries(leg: string, sinks: readonly string[]): readonly LegPlan[] {
  const asked = leg === 'deliver' ? sinks : [leg.slice('deliver.'.length)];
  if (asked.length === 0) throw new ConfigError('leg deliver: expected `sinks` in the config, got none');
  const plan = legPlan('deliver');
  return asked.map((sink) => {
    if (sinks.includes(sink)) return { ...plan, name: `deliver.${sink}`, sink };
    throw new ConfigError(`leg ${leg}: expected one of \`sinks\`, which are ${sinks.join(', ') || 'none'}`);
  });
}

function writesOf(steps: readonly AnyStep[], comparing: boolean): readonly TopicName[] {
  const last = steps.at(-1)!;
  const output: readonly TopicName[] = comparing && last === 'tokenize' ? [INPUT[COMPARE]] : OUTPUT[last];
  const own = [...output, ...steps.flatMap((step) => REMEMBERS[step] ?? [])];
  return [...new Set([...own, 'counts', 'dead', 'drops'] as const)];
}

/** One line a leg. */
export function asText(legs: readonly LegPlan[], prefix: string): string {
  return legs
    .map(({ name, steps, reads, writes }) => {
      const to = writes.map((topic) => prefix + topic).join(', ');
      return `${name}: ${prefix}${reads} -> [${steps.join(' > ')}] -> ${to}\n`;
    })
    .join('');
}

/** A Mermaid flowchart; topics are cylinders, compacted ones are marked. */
export function asMermaid(legs: readonly LegPlan[], prefix: string): string {
  const used = new Set<string>(['documents', 'cursors', ...legs.flatMap(({ reads, writes }) => [reads, ...writes])]);
  const nodes = topics
    .filter(({ name }) => used.has(name))
    .map(({ name, cleanup }) => `  t_${name}[("${prefix}${name}${cleanup === 'compact' ? '<br>compacted' : ''}")]`);
  const arrows = legs.flatMap(({ name, steps, reads, writes, sink }, i) => [
    `  leg${i}["${steps.join(' ▸ ')}"]`,
    `  t_${reads} -- "group ${prefix}${name}" --> leg${i}`,
    ...writes.map((topic) => `  leg${i} --> t_${topic}`),
    ...(sink === undefined ? [] : [`  leg${i} --> s_${i}(["${sink}"])`]),
  ]);
  return `${['flowchart LR', ...nodes, '  crawl --> t_documents', '  crawl <--> t_cursors', ...arrows].join('\n')}\n`;
}
