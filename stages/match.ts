/** Which documents pass the thresholds of the rules, and what the thresholds are. */
import type { Outcome, Stage } from '../pipeline/contract.ts';
import type { Alert, Score } from '../schemas/types.ts';
import { type Armed, armed } from './alert/armed.ts';
import { type Calibration, calibration } from './alert/calibration.ts';
import { concerns, measured, type Rule } from './alert/rule.ts';
import { SIGNATURE } from './alert/signature.ts';
import { signatureOf } from './math/minhash.ts';
import { shinglesOf } from './math/shingles.ts';
import { TEXT } from './watch.ts';

/** A running value of a rule or a measure; kept by its name. */
export interface RuleState {
  readonly name: string;
  readonly value: Buffer;
}

export interface Matched {
  readonly alerts: readonly Alert[];
  readonly states: readonly RuleState[];
}

export interface MatchOptions {
  readonly rules: readonly Rule[];
  /** Seconds since 1970. */
  readonly clock: () => number;
  /** What an earlier run left under a name. */
  readonly saved: (name: string) => Uint8Array | undefined;
}

/** A calibration's name: of a measure of a delta. */
export function calibrationName(delta: string, measure: string): string {
  return `calibration/${delta}/${measure}`;
}

/** For whoever looks: what the rule asks for, behind the batch. */
function statusOf({ name: rule, measure }: Rule, delta: string, level: Armed, seen: number): RuleState {
  const {
    value = null,
    low = null,
    high = null,
    rate = null,
    extrapolated = false,
  } = level.armed ? level.threshold : {};
  const needed = level.armed ? null : level.needed;
  const status = {
    rule,
    delta,
    measure,
    armed: level.armed,
    seen,
    needed,
    threshold: value,
    low,
    high,
    rate,
    extrapolated,
  };
  return { name: `status/${rule}/${delta}`, value: Buffer.from(JSON.stringify(status)) };
}

function releaseName(rule: string, delta: string): string {
  return `release/${rule}/${delta}`;
}

/**
 * Thresholds are those of the documents before the batch. A document counts towards its delta's distribution whether or not a rule is
 * about it; one that no rule is about is passed on as it is.
 */
export function match<In extends { readonly score: Score }>({
  rules,
  clock,
  saved,
}: MatchOptions): Stage<In, In & Matched> {
  const calibrations = new Map<string, Calibration>();
  /** By name: documents seen when one was last at or above a rule's level of release. */
  const lastAbove = new Map<string, number>();

  function calibrationOf(name: string): Calibration {
    const known = calibrations.get(name) ?? calibration(saved(name));
    calibrations.set(name, known);
    return known;
  }

  /** Rules about a delta, by what they look at: each distribution is kept once. */
  function watched(delta: string): ReadonlyMap<string, readonly Rule[]> {
    const own = rules.filter((rule) => delta.startsWith(rule.delta));
    return Map.groupBy(own, ({ measure }) => calibrationName(delta, measure));
  }

  function process(batch: readonly In[]): readonly Outcome<In & Matched>[] {
    const at = clock();
    const asked = new Map<string, ReturnType<typeof armed>>();
    const levelOf = (rule: Rule, level: Rule['level'], name: string) => {
      const key = `${name} ${rule.name} ${JSON.stringify(level)}`;
      const known = asked.get(key) ?? armed(rule, level, calibrationOf(name));
      asked.set(key, known);
      return known;
    };
    // before the first document of the batch counts
    for (const delta of new Set(batch.map(({ score }) => score.delta))) {
      for (const [name, own] of watched(delta)) {
        for (const rule of own) {
          levelOf(rule, rule.level, name);
          if (rule.hysteresis !== undefined) levelOf(rule, rule.hysteresis.release, name);
        }
      }
    }
    const last = new Map(batch.map(({ score }, i) => [score.delta, i]));
    return batch.map((one, i) => {
      const { score } = one;
      const alerts: Alert[] = [];
      const states: RuleState[] = [];
      for (const [name, own] of watched(score.delta)) {
        const known = calibrationOf(name);
        const value = measured(own[0]!.measure, score);
        if (!Number.isFinite(value)) continue;
        known.add(value, at);
        for (const rule of own) {
          const quiet = quietOf(rule, score.delta, value, known.count, (release) => levelOf(rule, release, name));
          const level = levelOf(rule, rule.level, name);
          if (!level.armed || value <= level.threshold.value || !concerns(rule, score)) continue;
          const { threshold } = level;
          alerts.push(
            alertOf(rule, score, { value, threshold, share: known.share(value), seen: known.count, quiet, at }),
          );
        }
        if (last.get(score.delta) !== i) continue;
        states.push({ name, value: Buffer.from(known.bytes()) });
        for (const rule of own) states.push(statusOf(rule, score.delta, armed(rule, rule.level, known), known.count));
        for (const { name: rule } of own) {
          const above = lastAbove.get(releaseName(rule, score.delta));
          if (above === undefined) continue;
          states.push({ name: releaseName(rule, score.delta), value: Buffer.from(String(above)) });
        }
      }
      return [{ ...one, alerts, states }];
    });
  }

  /** Documents since the last one at or above the level of release. */
  function quietOf(
    { name: rule, hysteresis }: Rule,
    delta: string,
    value: number,
    seen: number,
    levelOf: (level: Rule['level']) => ReturnType<typeof armed>,
  ): number {
    if (hysteresis === undefined) return seen;
    const level = levelOf(hysteresis.release);
    const name = releaseName(rule, delta);
    const above = lastAbove.get(name) ?? Number(Buffer.from(saved(name) ?? []).toString());
    const isAbove = level.armed && value >= level.threshold.value;
    lastAbove.set(name, isAbove ? seen : above);
    return seen - above - 1;
  }

  return { name: 'match', process };
}

type Finding = Pick<Alert, 'value' | 'share' | 'seen' | 'quiet' | 'at'> & {
  readonly threshold: { readonly value: number; readonly rate: number; readonly extrapolated: boolean };
};

function alertOf({ name, measure }: Rule, score: Score, { threshold, ...found }: Finding): Alert {
  const { key, delta, id, url, host, title, language, text, tokens, ids } = score;
  return {
    id: `${delta}/${key}/${name}`,
    kind: 'match',
    rule: name,
    delta,
    key,
    document: id,
    url,
    host,
    title,
    language,
    text: text.slice(0, TEXT).toWellFormed(),
    tokens,
    ranking: score.ranking,
    measure,
    threshold: threshold.value,
    rate: threshold.rate,
    extrapolated: threshold.extrapolated,
    signature: signatureOf(shinglesOf(ids), SIGNATURE),
    held: '',
    count: 1,
    digest: '',
    ...found,
  };
}
