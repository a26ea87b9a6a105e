/**
 * What documents should be ranked by: each measure on pairs whose tuning data is known, and the one that would be chosen for each of them
 * by the others alone.
 */
import { ranking } from '../../stages/math/ranking.ts';
import { MEASURE_NAMES, MEASURES, type Measure, measuredOf, needsTunedModel } from '../../stages/measure.ts';
import type { KnownPool } from './known-pool.ts';
import type { StudyResult } from './result.ts';

interface NamedPool {
  readonly name: string;
  readonly pool: KnownPool;
}

/** AUROC of a pair by measure, and what a measure must not fall below. */
interface Found {
  readonly name: string;
  readonly auroc: ReadonlyMap<Measure, number>;
  /** The better of cosine and loss under the whole tuned model, less what may be lost. */
  readonly bound: number;
}

/** AUROC that may be lost against the better of cosine and loss under the tuned model. */
const ALLOWED = 0.005;

/** Chosen is the measure whose least distance to the bounds is the largest: it fails nowhere, or least. */
export function rankingStudy(pools: readonly NamedPool[]): StudyResult {
  const found = pools.map(foundIn);
  const measured = MEASURE_NAMES.filter((measure) => found.every(({ auroc }) => auroc.has(measure)));
  const free = measured.filter((measure) => !needsTunedModel(measure));
  const least = (measure: Measure, of: readonly Found[]) =>
    Math.min(...of.map(({ auroc, bound }) => auroc.get(measure)! - bound));
  const chosenBy = (of: readonly Found[], among: readonly Measure[]) =>
    among.reduce((best, measure) => (least(measure, of) > least(best, of) ? measure : best));

  const leftOut = (among: readonly Measure[], what: string) =>
    found.map((one) => {
      const chosen = chosenBy(
        found.filter((other) => other !== one),
        among,
      );
      const [reached, bound] = [one.auroc.get(chosen)!, one.bound].map((value) => value.toFixed(4));
      return `without ${one.name}, ${what}: ${chosen}, which has ${reached} there (bound ${bound})`;
    });
  return {
    study: 'ranking',
    columns: [
      { name: 'ranked by' },
      ...found.map(({ name }) => ({ name: `AUROC ${name}`, digits: 4 })),
      { name: 'least above a bound', digits: 4 },
    ],
    rows: measured.map((measure) => [measure, ...found.map(({ auroc }) => auroc.get(measure)), least(measure, found)]),
    notes: [
      ...leftOut(free, 'of those that one pass of the base gives'),
      ...(measured.length === free.length ? [] : leftOut(measured, 'of all')),
      `a bound is the AUROC of the cosine, or of the loss under the whole tuned model where that is higher, less ${ALLOWED}`,
    ],
  };
}

function foundIn({ name, pool: { documents, isTrue } }: NamedPool): Found {
  const member = documents.map(isTrue);
  const lines = documents.map(measuredOf);
  const auroc = new Map(
    MEASURE_NAMES.flatMap((measure) => {
      const values = lines.map(MEASURES[measure]);
      return values.some(Number.isNaN) ? [] : [[measure, ranking(values, member).auroc()] as const];
    }),
  );
  return { name, auroc, bound: Math.max(auroc.get('cosine')!, auroc.get('likelihood') ?? 0) - ALLOWED };
}
