/** What the optimizer hides: stores of several tunings on the same data, each held against the same truth. */
import { finding } from '../../stages/evaluate/finding.ts';
import { MEASURES, measuredOf } from '../../stages/measure.ts';
import type { KnownPool } from './known-pool.ts';
import type { StudyResult } from './result.ts';

export interface OptimizerOptions {
  readonly seed: number;
  readonly resamples: number;
}

export function optimizerStudy(
  pools: readonly { readonly name: string; readonly pool: KnownPool }[],
  { seed, resamples }: OptimizerOptions,
): StudyResult {
  const rows = pools.map(({ name, pool: { documents, delta, isTrue } }) => {
    const member = documents.map(isTrue);
    const n = member.filter(Boolean).length;
    const measured = documents.map(measuredOf);
    const by = (measure: 'cosine' | 'alignment' | 'relative-head-likelihood-ratio' | 'consistency') =>
      finding(measured.map(MEASURES[measure]), member, { n, seed, resamples });
    const cosine = by('cosine');
    const mean = documents.filter(isTrue).reduce((sum, one) => sum + one.cosine, 0) / n;
    return [
      name,
      delta.norm / delta.baseNorm,
      mean,
      cosine.auroc,
      by('alignment').auroc,
      by('relative-head-likelihood-ratio').auroc,
      by('consistency').auroc,
      cosine.precision,
    ];
  });
  return {
    study: 'optimizer',
    columns: [
      { name: 'store' },
      { name: '|D|/|W0|', digits: 4 },
      { name: 'mean cosine of true', digits: 4 },
      { name: 'AUROC by cosine', digits: 4 },
      { name: 'by alignment', digits: 4 },
      { name: 'by relative-head-likelihood-ratio', digits: 4 },
      { name: 'by consistency', digits: 4 },
      { name: 'precision at the number of true', digits: 3 },
    ],
    rows,
    notes: [`intervals of 95 % over the documents, ${resamples} resamples, seed ${seed}`],
  };
}
