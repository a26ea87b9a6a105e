/** The page: one delta at a time, live. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Sample } from '../sample.ts';
import { Activity } from './activity.tsx';
import { Alerts, type RuleLine } from './alerts.tsx';
import { type DeltaList, get, Refused, samples, setToken, token } from './api.ts';
import { Deltas } from './deltas.tsx';
import { Distribution } from './distribution.tsx';
import { DocumentView } from './document.tsx';
import './style.css';
import { Top } from './top.tsx';
import { useGet } from './use-get.ts';

const VIEWS = ['documents', 'distribution', 'activity', 'alerts', 'deltas'] as const;
type View = (typeof VIEWS)[number];
const KEPT = 900;

function App() {
  const [key, setKey] = useState(token());
  const [history, setHistory] = useState<readonly Sample[]>([]);
  const [trouble, setTrouble] = useState<Error>();
  const [view, setView] = useState<View>('documents');
  const [shown, setShown] = useState<string>();
  const [chosen, setChosen] = useState<string>();
  const [changes, setChanges] = useState(0);
  const now = history.at(-1);
  const again = `${key} ${now?.revision} ${now?.scored} ${now?.rejected}`;
  const deltas = useGet<DeltaList>('/api/deltas', `${key} ${now?.deltas} ${changes} ${view === 'deltas' ? again : ''}`);
  const rules = useGet<{ readonly items: readonly RuleLine[] }>('/api/rules', again);

  useEffect(() => {
    const stop = new AbortController();
    const add = (sample: Sample) => setHistory((before) => [...before, sample].slice(-KEPT));
    void get<{ items: Sample[] }>('/api/history', stop.signal).then(
      ({ items }) => setHistory(items),
      () => undefined,
    );
    void samples(add, setTrouble, stop.signal);
    return () => stop.abort();
  }, [key]);

  if (key === '' || (trouble instanceof Refused && trouble.status === 401)) {
    return (
      <Ask
        wrong={key !== ''}
        take={(given) => {
          setToken(given);
          setTrouble(undefined);
          setKey(given);
        }}
      />
    );
  }
  const delta = deltas.value?.items.find(({ id }) => id === chosen) ?? deltas.value?.items[0];
  const own = (rules.value?.items ?? []).filter((rule) => rule.delta === delta?.id);
  return (
    <main>
      <header>
        <h1>deltasift</h1>
        <select aria-label="Delta" value={delta?.id} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
          {deltas.value?.items.map(({ id, base, tuned }) => (
            <option key={id} value={id}>
              {id.slice(0, 12)} {base} → {tuned}
            </option>
          ))}
        </select>
        <span class="faint" role="status">
          {trouble === undefined
            ? `${(now?.scored ?? 0).toLocaleString('en')} scored, ${now?.waiting ?? 0} waiting`
            : 'not connected; trying again'}
        </span>
      </header>
      <nav aria-label="Views">
        {VIEWS.map((name) => (
          <button
            key={name}
            type="button"
            aria-current={name === view ? 'page' : undefined}
            onClick={() => {
              setView(name);
              setShown(undefined);
            }}
          >
            {name}
          </button>
        ))}
      </nav>
      {view === 'deltas' && deltas.value !== undefined ? (
        <Deltas list={deltas.value} changed={() => setChanges((n) => n + 1)} />
      ) : delta === undefined ? (
        <p class="faint">{deltas.error ?? 'no delta yet'}</p>
      ) : shown !== undefined ? (
        <DocumentView delta={delta.id} name={shown} back={() => setShown(undefined)} />
      ) : view === 'documents' ? (
        <Top key={delta.id} delta={delta.id} again={again} open={setShown} />
      ) : view === 'distribution' ? (
        <Distribution
          delta={delta.id}
          again={again}
          threshold={own.find(({ armed }) => armed)?.threshold ?? undefined}
        />
      ) : view === 'activity' ? (
        <Activity history={history} again={again} />
      ) : (
        <Alerts delta={delta.id} rules={own} again={again} open={setShown} />
      )}
    </main>
  );
}

function Ask({ wrong, take }: { wrong: boolean; take: (token: string) => void }) {
  const [given, setGiven] = useState('');
  return (
    <main>
      <h1>deltasift</h1>
      {wrong && <p class="problem">That is not the token of this server.</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          take(given.trim());
        }}
      >
        <label>
          Token, as it was printed when the server was started{' '}
          <input
            type="password"
            autocomplete="off"
            value={given}
            onInput={({ currentTarget }) => setGiven(currentTarget.value)}
          />
        </label>{' '}
        <button type="submit">open</button>
      </form>
    </main>
  );
}

render(<App />, document.getElementById('root')!);
