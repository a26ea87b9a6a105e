/** What runs: documents a second, what waits, and the stages with what went through each. */
import { useMemo } from 'preact/hooks';
import type { Sample } from '../sample.ts';
import { Chart } from './chart.tsx';
import { useGet } from './use-get.ts';

interface Topology {
  readonly stages: readonly {
    readonly name: string;
    readonly in: number;
    readonly out: number;
    readonly dropped: number;
    readonly rejected: number;
  }[];
  readonly waiting: readonly { readonly topic: string; readonly group: string; readonly messages: number }[];
}

/** Seconds that rates are taken over. */
const RATE_S = 10;

export function Activity({ history, again }: { history: readonly Sample[]; again: unknown }) {
  const { value } = useGet<Topology>('/api/topology', again);
  const data = useMemo(
    () =>
      [
        history.map(({ at }) => at),
        history.map((_, i) => rate(history, i, ({ scored }) => scored)),
        history.map(({ waiting }) => waiting),
        history.map((_, i) => rate(history, i, ({ rejected }) => rejected)),
      ] as [number[], number[], number[], number[]],
    [history],
  );
  return (
    <section aria-label="Activity">
      <h2>The last minutes</h2>
      <Chart
        label="Documents a second, waiting and rejected"
        series={[
          { label: 'scored/s', color: 'rgb(38 98 201)' },
          { label: 'waiting', color: 'rgb(128 128 128)' },
          { label: 'rejected/s', color: 'rgb(214 93 14)' },
        ]}
        data={data}
        time={true}
      />
      <h2>Stages</h2>
      <ol class="stages">
        {value?.stages.map(({ name, in: into, out, dropped, rejected }) => (
          <li key={name}>
            <strong>{name}</strong> {rate(history, history.length - 1, ({ stages }) => stages[name] ?? 0).toFixed(1)}/s
            <br />
            <span class="faint">
              {into} in, {out} out, {dropped} dropped, {rejected} rejected
            </span>
          </li>
        ))}
      </ol>
      <p class="faint">
        {value?.waiting.map(({ topic, group, messages }) => `${group}: ${messages} of ${topic} waiting`).join(' · ')}
      </p>
    </section>
  );
}

function rate(history: readonly Sample[], at: number, of: (sample: Sample) => number): number {
  const now = history[at];
  if (now === undefined) return 0;
  let from = at;
  while (from > 0 && now.at - history[from]!.at < RATE_S) from--;
  const before = history[from]!;
  return now.at === before.at ? 0 : Math.max(0, (of(now) - of(before)) / (now.at - before.at));
}
