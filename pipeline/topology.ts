/** Which stages run in which workers, and the topics between them. */
import { type TopicName, topics } from '../schemas/topics.ts';
import { ConfigError } from './error.ts';

/** In order; between two of them is a topic, or, in one leg, a call. */
export const STEPS = ['tokenize', 'gradient', 'score', 'select'] as const;
export type Step = (typeof STEPS)[number];

/** The topic that a step reads. */
export const INPUT: Readonly<Record<Step, TopicName>> = {
  tokenize: 'documents',
  gradient: 'tokens',
  score: 'sketches',
  select: 'scores',
};

/** Steps of one worker, chained by call. */
export interface LegPlan {
  /** Also the name of the consumer group: other chains of steps are other groups. */
  readonly name: string;
  readonly steps: readonly Step[];
  readonly reads: TopicName;
  readonly writes: readonly TopicName[];
}

/** @throws ConfigError where a step is not known, or does not follow the one before */
export function legPlan(name: string): LegPlan {
  const steps = name.split('+').map((step) => {
    const known = STEPS.find((one) => one === step);
    if (known !== undefined) return known;
    throw new ConfigError(`no leg ${step}: expected one of ${STEPS.join(', ')}, or several in that order, joined by +`);
  });
  const first = STEPS.indexOf(steps[0]!);
  const expected = STEPS.slice(first, first + steps.length).join('+');
  if (steps.join('+') !== expected) {
    throw new ConfigError(`leg ${name}: a leg is steps in their order, without gaps; expected ${expected}`);
  }
  return { name, steps, reads: INPUT[steps[0]!], writes: writesOf(steps) };
}

/** @throws ConfigError where two legs share a step, or a topic between them has no reader */
export function topology(names: readonly string[]): readonly LegPlan[] {
  const legs = names.map(legPlan).sort((a, b) => STEPS.indexOf(a.steps[0]!) - STEPS.indexOf(b.steps[0]!));
  const steps = legs.flatMap((leg) => leg.steps);
  const twice = steps.find((step, i) => steps.indexOf(step) !== i);
  if (twice !== undefined) throw new ConfigError(`step ${twice} is in two legs: each message would be handled twice`);
  return legs;
}

function writesOf(steps: readonly Step[]): readonly TopicName[] {
  const last = STEPS.indexOf(steps.at(-1)!);
  const next = STEPS[last + 1];
  return [
    next === undefined ? 'selection' : INPUT[next],
    ...(steps.includes('gradient') ? (['replay'] as const) : []),
    ...(steps.includes('tokenize') ? (['seen', 'signatures'] as const) : []),
    'counts',
    'dead',
    'drops',
  ];
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
  const arrows = legs.flatMap(({ name, steps, reads, writes }, i) => [
    `  leg${i}["${steps.join(' ▸ ')}"]`,
    `  t_${reads} -- "group ${prefix}${name}" --> leg${i}`,
    ...writes.map((topic) => `  leg${i} --> t_${topic}`),
  ]);
  return `${['flowchart LR', ...nodes, '  crawl --> t_documents', '  crawl <--> t_cursors', ...arrows].join('\n')}\n`;
}
