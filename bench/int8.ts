/** How much faster the same outputs come in int8, and how a trained pair is ranked then. */
import { readFileSync } from 'node:fs';
import { OUTPUTS } from '../stages/graph/head.ts';
import { gradientModel } from '../stages/graph/model.ts';
import { PRECISIONS, type Precision } from '../stages/graph/quantize.ts';
import { openSession, type Session } from '../stages/graph/session.ts';
import { random } from '../stages/math/random.ts';
import { feedsOf, type Loaded, load, type Pair } from './pair.ts';
import { median, medianRatio, race } from './race.ts';
import { table } from './results.ts';
import { spearman } from './spearman.ts';

const [WINDOWS, TOKENS] = [4, 128];
const TARGET = 2.5;

export async function int8Section(
  pair: Pair,
  trained: Pair & { readonly documents: string },
  rounds: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const large = await load(pair, signal);
  const vocabulary = large.head.shape[0]!;
  const feeds = feedsOf(
    Array.from({ length: WINDOWS }, (_, b) =>
      random(3)
        .words(b, 0, TOKENS)
        .map((word) => word % vocabulary),
    ),
  );
  const sessions: Session[] = [];
  const racers: Record<string, () => Promise<unknown>> = {};
  for (const precision of PRECISIONS) {
    const session = await open(large, precision);
    sessions.push(session);
    racers[precision] = () => session.run(feeds);
  }
  const times = await race(racers, rounds);
  for (const session of sessions) await session.close();
  const [exact, fast] = PRECISIONS.map((precision) => times.get(precision)!) as [readonly number[], readonly number[]];

  const small = await load(trained, signal);
  const documents = JSON.parse(readFileSync(trained.documents, 'utf8')) as readonly {
    readonly ids: readonly number[];
  }[];
  const [a, b] = [await scores(small, 'float32', documents), await scores(small, 'int8', documents)];

  return [
    `GPT-2 small shapes, all that --scores prints, ${WINDOWS} windows of ${TOKENS} tokens, one thread; medians of ${rounds} interleaved runs.`,
    '',
    ...table(
      ['', 'tokens/s', 'ratio to float32', 'at least'],
      PRECISIONS.map((precision) => {
        const own = times.get(precision)!;
        const speed = (1000 * WINDOWS * TOKENS) / median(own);
        const target = precision === 'int8' ? `${TARGET} with AMX` : '';
        return [precision, speed.toFixed(0), medianRatio(exact, own === exact ? exact : fast).toFixed(2), target];
      }),
    ),
    '',
    `This machine ${hasAmx() ? 'has' : 'has no'} AMX. Rank correlation of the scores of ${documents.length} documents of the trained pair in test/golden/tiny, int8 against float32: ${spearman(a, b).toFixed(5)}.`,
  ];
}

function open({ body, weights, head, tunedHead }: Loaded, precision: Precision): Promise<Session> {
  const delta = { kind: 'full', tuned: tunedHead, shared: head.shape[0]! } as const;
  const model = gradientModel(
    { body, weights, maxTokens: TOKENS, precision },
    { base: head, deltas: [delta], norm: true, lossTunedHead: true },
  );
  return openSession({ model, providers: ['cpu'], threads: 1 });
}

/** ⟨G, D⟩ / |G| of every document. */
async function scores(
  pair: Loaded,
  precision: Precision,
  documents: readonly { readonly ids: readonly number[] }[],
): Promise<readonly number[]> {
  const session = await open(pair, precision);
  const found: number[] = [];
  for (const { ids } of documents) {
    const results = await session.run(feedsOf([ids]));
    const alignment = results[OUTPUTS.tokenAlignment]!.data.reduce((sum, value) => sum + value, 0);
    found.push(alignment / Math.sqrt(results[OUTPUTS.squaredNorm]!.data[0]!));
  }
  await session.close();
  return found;
}

function hasAmx(): boolean {
  try {
    return / amx_int8/.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}
