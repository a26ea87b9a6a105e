/** An alert as JSON says it, to whoever is told. */
import type { ToldAlert } from '../../pipeline/contract.ts';
import type { Alert } from '../../schemas/types.ts';

export type AlertLine = Omit<ToldAlert, 'signature' | 'digest' | 'at'> & {
  /** ISO 8601 */
  readonly at: string;
  /** Of a digest, the documents it stands for, the first 100 of them. */
  readonly documents?: readonly unknown[];
};

export function alertLine({ signature: _, digest, at, ...alert }: ToldAlert): AlertLine {
  const documents = digest.split('\n').filter((line) => line !== '');
  return {
    ...alert,
    at: new Date(at * 1000).toISOString(),
    ...(documents.length === 0 ? {} : { documents: documents.map((line) => JSON.parse(line) as unknown) }),
  };
}

/** One sentence. */
export function alertSummary({
  kind,
  rule,
  count,
  document,
  measure,
  value,
  threshold,
  share,
  extrapolated,
}: Alert): string {
  if (kind === 'digest')
    return `${rule}: ${count} more documents passed the threshold; best ${document}, ${measure} ${short(value)}`;
  const above = share < 1 ? `, above ${(100 * share).toPrecision(6).replace(/\.?0+$/, '')} % of documents` : '';
  const fit = extrapolated ? ' (extrapolated)' : '';
  const sample = kind === 'sample' ? 'sample: ' : '';
  return `${sample}${rule}: ${document} has ${measure} ${short(value)}${above}; the threshold is ${short(threshold)}${fit}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
