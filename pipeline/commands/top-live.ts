/** `deltasift top --live`: the best documents of a store, drawn anew whenever something was committed. */
import { setTimeout as delay } from 'node:timers/promises';
import { standOf } from '../legs/tally.ts';
import { printable } from '../render/printable.ts';
import { type RankingRow, rankingColumns } from '../render/ranking-columns.ts';
import { table } from '../render/table.ts';
import { scoreLine } from '../scan/score-line.ts';
import { mostWaiting, openView, type StoreView } from '../store/view.ts';
import type { Context } from './command.ts';
import { deltaOf } from './ranking.ts';

export interface LiveTopOptions {
  readonly store: string;
  readonly delta?: string | undefined;
  /** Documents; as many as fit where it is left out. */
  readonly k?: number | undefined;
}

/** Between two looks at the store. */
const LOOK_MS = 500;
/** Between two lines where there is no terminal. */
const LINE_MS = 5000;
/** Rates are those of about the last so many milliseconds. */
const RATE_MS = 10_000;
/** Documents where nothing says how many. */
const DEFAULT_K = 20;
/** Lines around the documents: what is said of the scan, the table's header, the keys. */
const AROUND = 4;

/** The other screen, no cursor, no wrapping: characters that are two columns wide would push lines down. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_REST = '\u001b[J';
/** Ctrl-C, which a terminal in raw mode hands over as a key, and Escape. */
const QUIT: ReadonlySet<string> = new Set(['q', 'Q', '\u0003', '\u001b']);

/**
 * Until q is typed or `signal` aborts.
 *
 * @throws ConfigError where there is no store, or not one delta that is meant
 */
export async function liveTop(
  { store: dir, delta, k }: LiveTopOptions,
  { out, screen, json, now }: Pick<Context, 'out' | 'screen' | 'json' | 'now'>,
  signal: AbortSignal,
): Promise<void> {
  const view = openView(dir);
  const quit = new AbortController();
  const either = AbortSignal.any([signal, quit.signal]);
  try {
    const { id, rankBy, keep } = deltaOf(view.store, delta);
    const counted = counter(view, now);
    if (json || screen === undefined) {
      const line = (state: State) => (json ? jsonLine(id, state) : `${words(state)}\n`);
      const most = Math.min(k ?? DEFAULT_K, keep);
      return await follow(view, either, LINE_MS, () => out.write(line(stateOf(view, id, most, counted()))));
    }
    const draw = () => {
      const { columns, rows } = screen.size();
      const most = Math.max(1, Math.min(k ?? Number.POSITIVE_INFINITY, rows - AROUND, keep));
      out.write(frame(id, rankBy, stateOf(view, id, most, counted()), columns));
    };
    out.write(ENTER);
    const leave = screen.listen({ resized: draw, key: (typed) => QUIT.has(typed) && quit.abort() });
    try {
      await follow(view, either, LOOK_MS, draw);
    } finally {
      leave();
      out.write(LEAVE);
    }
  } finally {
    view.close();
  }
}

/** Calls at once, and then whenever something was committed, with a pause between. Resolves when `signal` aborts. */
async function follow(view: StoreView, signal: AbortSignal, pauseMs: number, show: () => void): Promise<void> {
  for (let shown = Number.NaN; !signal.aborted; ) {
    const version = view.version();
    if (version !== shown) show();
    const pause = version === shown ? LOOK_MS : pauseMs;
    shown = version;
    await delay(pause, undefined, { signal }).catch(() => undefined);
  }
}

interface Counted {
  readonly scored: number;
  readonly dropped: number;
  readonly rejected: number;
  readonly waiting: number;
  /** Documents a second; null where it is not known yet. */
  readonly rate: number | null;
}

interface State extends Counted {
  readonly best: readonly RankingRow[];
}

/** Counters of the store, and how fast they go. */
function counter(view: StoreView, now: () => number): () => Counted {
  const past: { readonly at: number; readonly scored: number }[] = [];
  return () => {
    const stand = standOf(view.store.counts());
    const { scored } = stand;
    const at = now();
    past.push({ at, scored });
    while (past.length > 2 && past[1]!.at <= at - RATE_MS) past.shift();
    const [from] = past;
    const seconds = (at - from!.at) / 1000;
    return {
      ...stand,
      waiting: mostWaiting(view),
      rate: seconds < 1 ? null : (scored - from!.scored) / seconds,
    };
  };
}

function stateOf(view: StoreView, delta: string, k: number, counted: Counted): State {
  return { ...counted, best: view.page(delta, k).map((ranked) => ({ ranked, ambiguous: false })) };
}

function frame(delta: string, rankBy: string, state: State, columns: number): string {
  const lines = [
    `delta ${delta.slice(0, 12)}  ${words(state)}`.slice(0, columns),
    '',
    ...table(rankingColumns(state.best, rankBy), state.best, columns).trimEnd().split('\n'),
    'q ends'.slice(0, columns),
  ];
  return `${HOME}${lines.join(`${CLEAR_LINE}\r\n`)}${CLEAR_LINE}${CLEAR_REST}`;
}

function words({ scored, dropped, rejected, waiting, rate, best: [first] }: State): string {
  const integer = (n: number) => n.toLocaleString('en-US');
  return [
    `${integer(scored)} scored`,
    ...(rate === null ? [] : [`${integer(Math.round(rate))} a second`]),
    `${integer(waiting)} wait`,
    `${integer(dropped)} dropped`,
    `${integer(rejected)} rejected`,
    ...(first === undefined ? [] : [`best ${first.ranked.ranking.toFixed(4)} ${printable(first.ranked.id)}`]),
  ].join(' · ');
}

function jsonLine(delta: string, { best, ...counted }: State): string {
  const documents = best.map(({ ranked }) => ({ rank: ranked.rank, ...scoreLine(ranked) }));
  return `${JSON.stringify({ delta, ...counted, documents })}\n`;
}
