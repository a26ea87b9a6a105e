/** Where the gradient is best taken: AUROC of the tuning data by the cosine at points between the base and the tuned head, and at the tuned model. */
import { ranking } from '../../stages/math/ranking.ts';
import { table } from '../results.ts';
import { jsonl, type KnownPair, scanned } from './known-pairs.ts';

/** Values of `--at`. */
const POINTS = ['0', '0.25', '0.5', '1', '0,0.25,0.5,1', 'tuned'] as const;

export async function pointsSection(
  pairs: readonly KnownPair[],
  cache: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const rows: (readonly string[])[] = [];
  for (const pair of pairs) {
    const own: string[] = [];
    for (const at of POINTS) {
      const words = ['--at', at, '--pool', '0', '--rank-by', 'cosine'];
      const { scores } = await scanned(pair, cache, words, signal);
      const lines = jsonl<{ readonly id: string; readonly cosine: number }>(scores);
      const made = ranking(
        lines.map(({ cosine }) => cosine),
        lines.map(({ id }) => pair.truths.has(id)),
      );
      own.push(made.auroc().toFixed(4));
    }
    rows.push([pair.name, String(pair.documents), ...own]);
  }
  return [
    "AUROC of the tuning data by the cosine, G taken at the head `W0 - a D` on the base's body, at the mean of four such points, and at the whole tuned model.",
    '',
    ...table(['pair', 'documents', 'a = 0', '0.25', '0.5', '1', 'mean', 'tuned model'], rows),
  ];
}
