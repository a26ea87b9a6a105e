/** How what ranks is spread over all documents, with the threshold of the delta's first armed rule. */
import { useMemo } from 'preact/hooks';
import { Chart } from './chart.tsx';
import { useGet } from './use-get.ts';

interface Histogram {
  readonly documents: number;
  readonly estimated: number;
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly quantiles: readonly { readonly share: number; readonly ranking: number }[];
}
interface Host {
  readonly host: string;
  readonly documents: number;
  readonly mean: number;
  readonly best: number;
}

export function Distribution({
  delta,
  again,
  threshold,
}: {
  delta: string;
  again: unknown;
  threshold: number | undefined;
}) {
  const { value, error } = useGet<Histogram>(`/api/deltas/${delta}/histogram`, again);
  const hosts = useGet<{ readonly items: readonly Host[] }>(`/api/deltas/${delta}/hosts?limit=30`, again);
  const data = useMemo(
    (): [number[], number[]] => [
      [...(value?.edges.slice(0, -1) ?? [])],
      (value?.counts ?? []).map((n) => Math.log10(1 + n)),
    ],
    [value],
  );
  if (value === undefined) return <p class="faint">{error ?? 'reading ...'}</p>;
  return (
    <section aria-label="Distribution">
      <h2>
        Rankings of {value.documents.toLocaleString('en')} documents (log₁₀ of their number)
        {value.estimated > 0 && `, ${value.estimated.toLocaleString('en')} of them estimated`}
      </h2>
      <Chart
        label="Histogram of what ranks"
        series={[{ label: 'log₁₀ (1 + documents)', color: 'rgb(38 98 201)', bars: true }]}
        data={data}
        time={false}
        mark={threshold}
      />
      <p class="faint">
        {value.quantiles
          .map(({ share, ranking }) => `${(100 * share).toFixed(2)} %: ${ranking.toFixed(5)}`)
          .join(' · ')}
      </p>
      <h2>Hosts of the best</h2>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th>host</th>
              <th class="number">documents</th>
              <th class="number">mean ranking</th>
              <th class="number">best</th>
            </tr>
          </thead>
          <tbody>
            {hosts.value?.items.map(({ host, documents, mean, best }) => (
              <tr key={host}>
                <td>{host}</td>
                <td class="number">{documents}</td>
                <td class="number">{mean.toFixed(5)}</td>
                <td class="number">{best.toFixed(5)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
