/** The best documents, as they change. */
import { useState } from 'preact/hooks';
import { type Line, type Page, percent, rankingText } from './api.ts';
import { useGet } from './use-get.ts';

const PAGE = 50;

export function Top({ delta, again, open }: { delta: string; again: unknown; open: (key: string) => void }) {
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const cursor = cursors.at(-1);
  const { value, error } = useGet<Page<Line>>(
    `/api/deltas/${delta}/top?limit=${PAGE}${cursor === undefined ? '' : `&cursor=${cursor}`}`,
    again,
  );
  if (value === undefined) return <p class="faint">{error ?? 'reading ...'}</p>;
  return (
    <section aria-label="The best documents">
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th class="number">rank</th>
              <th class="number">ranking</th>
              <th class="number spare">score</th>
              <th class="number spare">above</th>
              <th class="spare">host</th>
              <th>document</th>
            </tr>
          </thead>
          <tbody>
            {value.items.map(({ rank, key, id, host, ranking, score, standardError, share, snippet }) => (
              <tr key={key}>
                <td class="number">{rank}</td>
                <td class="number">{rankingText({ ranking, standardError })}</td>
                <td class="number spare">{score.toFixed(5)}</td>
                <td class="number spare">{percent(share)}</td>
                <td class="spare">{host}</td>
                <td>
                  <button type="button" class="open" onClick={() => open(key)}>
                    {id}
                  </button>{' '}
                  <span class="faint">{snippet}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <nav aria-label="Pages">
        <button type="button" disabled={cursors.length === 0} onClick={() => setCursors(cursors.slice(0, -1))}>
          before
        </button>
        <button type="button" disabled={value.next === null} onClick={() => setCursors([...cursors, value.next!])}>
          next
        </button>
      </nav>
    </section>
  );
}
