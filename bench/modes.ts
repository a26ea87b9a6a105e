/** What modes of scoring and further deltas of the same base cost, beside one delta scored as usual. */
import type { LocalTensor } from '../stages/checkpoint/checkpoint.ts';
import type { HeadDelta } from '../stages/graph/delta-terms.ts';
import type { HeadOptions } from '../stages/graph/head.ts';
import { gradientModel, type Measured, type TunedModel } from '../stages/graph/model.ts';
import { openSession, type Session } from '../stages/graph/session.ts';
import { random } from '../stages/math/random.ts';
import { feedsOf, load, type Pair } from './pair.ts';
import { medianRatio, race } from './race.ts';
import { table } from './results.ts';

const [WINDOWS, TOKENS, RANK, DELTAS] = [4, 128, 16, 8];

interface Way {
  readonly name: string;
  /** The way that it is compared with. */
  readonly beside: string;
  readonly options: Partial<HeadOptions> & Pick<HeadOptions, 'deltas'>;
  readonly tuned?: TunedModel;
  /** Time as a multiple of that of the way beside it. */
  readonly target?: number;
}

export async function modesSection(pair: Pair, rounds: number, signal: AbortSignal): Promise<readonly string[]> {
  const { body, weights, head, tunedHead } = await load(pair, signal);
  const after = await load({ base: pair.tuned, tuned: pair.tuned }, signal);
  const [vocabulary = 0, width = 0] = head.shape;
  const uniform = (stream: number, n: number) =>
    Float32Array.from(random(4).words(stream, 0, n), (word) => word / 2 ** 31 - 1);
  const fulls = Array.from({ length: DELTAS }, (_, i): HeadDelta => {
    return { kind: 'full', tuned: shifted(tunedHead, i), shared: vocabulary };
  });
  const factors = Array.from({ length: DELTAS }, (_, i): HeadDelta => {
    return { kind: 'factors', rank: RANK, a: uniform(2 * i, vocabulary * RANK), b: uniform(2 * i + 1, width * RANK) };
  });
  const one = fulls.slice(0, 1);
  const aligned = 'one delta, alignment and norm';
  const scored = 'one delta, all that --scores prints';
  const lowRank = `one delta of rank ${RANK}, alignment and norm`;
  const ways: readonly Way[] = [
    { name: aligned, beside: aligned, options: { deltas: one, lossTunedHead: false } },
    {
      name: `${DELTAS} deltas, the same`,
      beside: aligned,
      options: { deltas: fulls, lossTunedHead: false },
      target: 2.8,
    },
    { name: scored, beside: scored, options: { deltas: one } },
    { name: `${DELTAS} deltas, the same with their losses`, beside: scored, options: { deltas: fulls }, target: 4 },
    { name: lowRank, beside: lowRank, options: { deltas: factors.slice(0, 1), lossTunedHead: false } },
    {
      name: `${DELTAS} deltas of rank ${RANK}, the same with low rank`,
      beside: lowRank,
      options: { deltas: factors, lossTunedHead: false },
      target: 1.3,
    },
    { name: '--at 0,0.5,1', beside: scored, options: { deltas: one, points: ['base', 0.5, 1] } },
    {
      name: '--tuned-model',
      beside: scored,
      options: { deltas: one },
      tuned: { body: after.body, weights: after.weights, head: after.head },
    },
  ];

  const ids = Array.from({ length: WINDOWS }, (_, b) =>
    random(3)
      .words(b, 0, TOKENS)
      .map((word) => word % vocabulary),
  );
  const feeds = feedsOf(ids);
  const sessions: Session[] = [];
  const racers: Record<string, () => Promise<unknown>> = {};
  for (const { name, options, tuned } of ways) {
    const measured: Measured = { head: true, mlp: undefined, tuned };
    const tail = { base: head, norm: true, lossTunedHead: true, ...options };
    const model = gradientModel({ body, weights, maxTokens: TOKENS }, tail, measured);
    const session = await openSession({ model, providers: ['cpu'], threads: 1 });
    sessions.push(session);
    racers[name] = () => session.run(feeds);
  }
  const times = await race(racers, rounds);
  for (const session of sessions) await session.close();

  const rows = ways.map(({ name, beside, target }) => {
    const ratio = medianRatio(times.get(name)!, times.get(beside)!);
    return [name, name === beside ? '1.00' : ratio.toFixed(2), target?.toFixed(1) ?? ''];
  });
  return [
    `GPT-2 small shapes, float32, ${WINDOWS} windows of ${TOKENS} tokens, one thread; time as a multiple of that of the row at 1.00 above; medians of ${rounds} interleaved runs.`,
    '',
    ...table(['', 'times as long', 'at most'], rows),
  ];
}

/** Other values of the same file: deltas that no optimiser can take for one. */
function shifted(tensor: LocalTensor, by: number): LocalTensor {
  return { ...tensor, offset: tensor.offset + 64 * by };
}
