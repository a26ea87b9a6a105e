/** The deltas of the store: adding one, pausing, resuming, removing. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Delta, type DeltaList, Refused, send } from './api.ts';

export function Deltas({ list, changed }: { list: DeltaList; changed: () => void }) {
  const [said, setSaid] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);

  /** Whether it was done. What a button is asked while another is at work is nothing: to disable it would lose the focus. */
  async function act(work: () => Promise<void>, done: string): Promise<boolean> {
    if (busy) return false;
    setBusy(true);
    setProblem('');
    setSaid('');
    try {
      await work();
      setSaid(done);
      changed();
      return true;
    } catch (error) {
      setProblem(error instanceof Refused ? error.message : 'The server does not answer: ask again once it does.');
      return false;
    } finally {
      setBusy(false);
    }
  }

  return (
    <section aria-label="Deltas" aria-busy={busy}>
      <h2>Deltas</h2>
      <ul class="cards">
        {list.items.map((delta) => (
          <Card key={delta.id} delta={delta} busy={busy} act={act} />
        ))}
      </ul>
      {list.items.length === 0 && <p class="faint">There are none.</p>}
      <h2>Add a delta</h2>
      <Add list={list} busy={busy} act={act} />
      <p role="status">{said}</p>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}

type Act = (work: () => Promise<void>, done: string) => Promise<boolean>;

function Card({ delta, busy, act }: { delta: Delta; busy: boolean; act: Act }) {
  const [sure, setSure] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  const remove = useRef<HTMLButtonElement>(null);
  const asked = useRef(false);
  useEffect(() => {
    if (sure) first.current?.focus();
    else if (asked.current) remove.current?.focus();
    asked.current = sure;
  }, [sure]);
  const path = `/api/deltas/${delta.id}`;
  const short = delta.id.slice(0, 12);
  return (
    <li>
      <strong>{delta.tuned}</strong>
      <div class="faint">
        {short} of {delta.base} · {delta.documents.toLocaleString('en')} documents
        {delta.estimated > 0 && `, ${delta.estimated.toLocaleString('en')} of them estimated`} ·{' '}
        {delta.paused ? 'paused' : 'active'}
      </div>
      {sure ? (
        <fieldset aria-label={`Remove ${short}`}>
          All that is kept of it goes too.{' '}
          <button
            type="button"
            ref={first}
            aria-disabled={busy}
            onClick={() => void act(() => send('DELETE', path), `${short} is removed`)}
          >
            remove {short}
          </button>{' '}
          <button type="button" onClick={() => setSure(false)}>
            keep it
          </button>
        </fieldset>
      ) : (
        <div>
          <button
            type="button"
            aria-disabled={busy}
            aria-label={`${delta.paused ? 'resume' : 'pause'} ${short}`}
            onClick={() =>
              void act(
                () => send('PATCH', path, { paused: !delta.paused }),
                `${short} is ${delta.paused ? 'resumed' : 'paused'}`,
              )
            }
          >
            {delta.paused ? 'resume' : 'pause'}
          </button>{' '}
          <button
            type="button"
            ref={remove}
            aria-disabled={busy}
            aria-label={`remove ${short} ...`}
            onClick={() => setSure(true)}
          >
            remove ...
          </button>
        </div>
      )}
    </li>
  );
}

function Add({ list: { items, roots }, busy, act }: { list: DeltaList; busy: boolean; act: Act }) {
  const [tuned, setTuned] = useState('');
  const scans = [...new Set(items.map(({ scan }) => scan))];
  const [beside, setBeside] = useState('');
  if (roots.length === 0) {
    return (
      <p class="faint">
        Started with --serve-checkpoints, which names folders that checkpoints lie in, the server takes them here; until
        then `deltasift delta add` does.
      </p>
    );
  }
  return (
    <form
      class="add"
      onSubmit={(event) => {
        event.preventDefault();
        const asked = { tuned: tuned.trim(), ...(scans.length > 1 ? { beside: beside || scans[0] } : {}) };
        void act(() => send('POST', '/api/deltas', asked), `${asked.tuned} is added`).then((done) => {
          if (done) setTuned('');
        });
      }}
    >
      <label>
        Tuned checkpoint
        <input
          type="text"
          required
          spellcheck={false}
          autocomplete="off"
          aria-describedby="roots"
          value={tuned}
          onInput={({ currentTarget }) => setTuned(currentTarget.value)}
        />
      </label>
      <p class="faint" id="roots">
        Of the same base; a folder, or a name of the hub, under {roots.join(', ')}
      </p>
      {scans.length > 1 && (
        <label>
          Scored with the scan of
          <select value={beside || scans[0]} onChange={({ currentTarget }) => setBeside(currentTarget.value)}>
            {scans.map((scan) => (
              <option key={scan} value={scan}>
                {scan.slice(0, 12)} {items.find(({ id }) => id === scan)?.tuned}
              </option>
            ))}
          </select>
        </label>
      )}
      <button type="submit" aria-disabled={busy}>
        {busy ? 'reading it ...' : 'add'}
      </button>
    </form>
  );
}
