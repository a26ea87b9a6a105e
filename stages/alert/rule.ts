/** When to tell whom of a document. */
import type { Score } from '../../schemas/types.ts';
import { MEASURE_NAMES, MEASURES, measuredOf } from '../measure.ts';

/** The level a document has to pass: a value of the measure, the share of all documents that pass it, or how many a day do. */
export type Level =
  | { readonly kind: 'above'; readonly value: number }
  | { readonly kind: 'rate'; readonly rate: number }
  | { readonly kind: 'perDay'; readonly perDay: number };

export interface Rule {
  readonly name: string;
  /** Beginning of a delta's id; empty means every delta. */
  readonly delta: string;
  readonly measure: RuleMeasure;
  readonly level: Level;
  /** Documents before it arms; by default what the level needs. */
  readonly arm: number | undefined;
  /** Hosts, with those below them; undefined lets all through. */
  readonly hosts: readonly string[] | undefined;
  readonly exceptHosts: readonly string[];
  /** As documents say it: `en`, `de`. A document that says none passes no list. */
  readonly languages: readonly string[] | undefined;
  readonly minTokens: number;
  readonly maxTokens: number;
  readonly nearDuplicates: 'drop' | 'keep';
  /** Seconds in which a host is told of once; 0 tells every time. */
  readonly hostSeconds: number;
  readonly hysteresis: Hysteresis | undefined;
  readonly limit: Limit | undefined;
  /** Names of the sinks that are told; undefined tells all. */
  readonly sinks: readonly string[] | undefined;
}

/** After an alert the rule rests until `quiet` documents in a row were below the level of release. */
export interface Hysteresis {
  readonly release: Level;
  readonly quiet: number;
}

/** More alerts than so many within so many seconds go into the digest. */
export interface Limit {
  readonly alerts: number;
  readonly seconds: number;
}

/** What a rule can look at, the higher the more it is a match: what its delta's documents are ranked by, or any measure. */
export const RULE_MEASURES = ['ranking', ...MEASURE_NAMES] as const;
export type RuleMeasure = (typeof RULE_MEASURES)[number];

export function measured(measure: RuleMeasure, score: Score): number {
  return measure === 'ranking' ? score.ranking : MEASURES[measure](measuredOf(score));
}

/** Whether the rule is about this document at all. */
export function concerns(rule: Rule, { delta, host, language, tokens }: Score): boolean {
  const of = (names: readonly string[]) => host !== null && names.some((name) => isBelow(host, name));
  return (
    delta.startsWith(rule.delta) &&
    (rule.hosts === undefined || of(rule.hosts)) &&
    !of(rule.exceptHosts) &&
    (rule.languages === undefined || (language !== null && rule.languages.includes(language))) &&
    tokens >= rule.minTokens &&
    tokens <= rule.maxTokens
  );
}

function isBelow(host: string, name: string): boolean {
  return host === name || host.endsWith(`.${name}`);
}
