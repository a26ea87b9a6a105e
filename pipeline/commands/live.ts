/** `deltasift live`: the set as a scan has picked it so far, and what changed, while the scan goes on. */
import type { LiveSet } from '../../stages/live-set.ts';
import { type LiveConfig, liveConfig } from '../config/config.ts';
import { ConfigError } from '../error.ts';
import { livePick } from '../pick/live.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import type { Member } from '../store/members.ts';
import { openStore } from '../store/store.ts';
import { command } from './command.ts';
import { deltaOf } from './ranking.ts';

export const live = command({
  name: 'live',
  summary: 'Prints the set that a scan has picked so far, without a run of the model, and what changed.',
  config: liveConfig,

  async run({ store: dir, delta, since }, { out, json }) {
    const store = openStore(dir, { readonly: true });
    try {
      const { id } = deltaOf(store, delta);
      const picked = livePick(store, id);
      if (picked === undefined) {
        throw new ConfigError(
          `the store in ${dir} holds no set picked while scanning: expected a scan with --pool above 0, by this version`,
        );
      }
      const { set, documents } = picked;
      const changes = changesOf(set, since);
      if (json)
        out.write(`${JSON.stringify({ delta: id, ...summaryOf(set), changes, documents: documents.map(line) })}\n`);
      else out.write(words(documents, set, changes, out.isTerminal ? out.columns : Number.POSITIVE_INFINITY));
    } finally {
      store.close();
    }
  },
});

const changesOf = ({ recent }: LiveSet, since: LiveConfig['since']) =>
  since === undefined ? [] : recent.filter(({ at }) => at > since);

const summaryOf = ({ cosine, exchanges, keys }: LiveSet) => ({ n: keys.length, cosine, exchanges });

function line({ key, id, url, ranking, cosine, alignment, gradientNorm, loss, lossTunedHead, tokens }: Member) {
  return { key, id, url, ranking, score: cosine, alignment, gradientNorm, loss, lossTunedHead, tokens };
}

const COLUMNS: readonly Column<Member>[] = [
  { name: 'ranking', align: 'right', cell: ({ ranking }) => ranking.toFixed(5) },
  { name: 'score', align: 'right', cell: ({ cosine }) => cosine.toFixed(5) },
  { name: 'id', align: 'left', cell: ({ id }) => printable(id) },
  { name: 'text', align: 'left', cell: ({ text }) => printable(text.slice(0, 240)).slice(0, 60) },
];

function words(documents: readonly Member[], set: LiveSet, changes: LiveSet['recent'], width: number): string {
  const { n, cosine, exchanges } = summaryOf(set);
  const moves = changes.map(
    ({ at, added, removed, cosine: reached }) =>
      `${at}: ${added}${removed === undefined ? ' comes in' : ` for ${removed}`}, cos(S, D) ${reached.toFixed(5)}\n`,
  );
  const note = `${n} documents, cos(S, D) ${cosine.toFixed(5)} by their sketches, after ${exchanges} exchanges\n`;
  return `${table(COLUMNS, documents, width)}${moves.join('')}${note}`;
}
