/** One document, its tokens shaded by what each adds to the alignment: orange along the delta, blue against it. */
import { type Line, percent, rankingText } from './api.ts';
import { useGet } from './use-get.ts';

interface Whole extends Line {
  readonly alignment: number;
  readonly loss: number;
  readonly lossTunedHead: number;
  readonly window: number;
  readonly windows: number;
  readonly text: string;
  readonly shaded: readonly { readonly text: string; readonly value: number | null }[];
}

export function DocumentView({ delta, name, back }: { delta: string; name: string; back: () => void }) {
  const { value, error } = useGet<Whole>(`/api/deltas/${delta}/documents/${name}`, 0);
  const scale = Math.max(...(value?.shaded ?? []).map((token) => Math.abs(token.value ?? 0)), 1e-300);
  return (
    <section aria-label="Document">
      <button type="button" onClick={back}>
        back
      </button>
      {value === undefined ? (
        <p class="faint">{error ?? 'reading ...'}</p>
      ) : (
        <>
          <h2>{value.id}</h2>
          <p class="faint">
            {value.url} · rank {value.rank}, ranking {rankingText(value)}
            {value.share === null ? '' : `, above ${percent(value.share)} of documents`}, score {value.score.toFixed(5)}
            , loss {value.loss.toFixed(3)} nats per token, {value.lossTunedHead.toFixed(3)} with the tuned head, window{' '}
            {value.window + 1} of {value.windows}
          </p>
          <p class="shaded">
            {value.shaded.map(({ text, value: pull }, i) => (
              <span
                key={i}
                title={pull === null ? 'not scored' : pull.toPrecision(3)}
                style={shade((pull ?? 0) / scale)}
              >
                {text}
              </span>
            ))}
          </p>
          <h2>All of it</h2>
          <p class="shaded">{value.text}</p>
        </>
      )}
    </section>
  );
}

/** @param strength in [-1, 1] */
function shade(strength: number): { backgroundColor?: string } {
  if (Math.abs(strength) < 0.05) return {};
  return { backgroundColor: `rgb(var(--${strength > 0 ? 'along' : 'against'}) / ${Math.abs(strength) * 0.75})` };
}
