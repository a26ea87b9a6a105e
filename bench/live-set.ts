/** What the set that a scan keeps takes of the scan: admission and exchange for each document, beside the model's run for it. */
import { candidatePool } from '../stages/candidate-pool.ts';
import { gradientModel } from '../stages/graph/model.ts';
import { openSession } from '../stages/graph/session.ts';
import { random } from '../stages/math/random.ts';
import { sketch } from '../stages/math/sketch.ts';
import { dot, norm } from '../stages/math/vector.ts';
import { project } from '../stages/project.ts';
import { madeUpGradients } from './made-up-gradients.ts';
import { feedsOf, load, type Pair } from './pair.ts';
import { median, race } from './race.ts';
import { table } from './results.ts';

/** Windows to one run are as many as a scan takes; the pool is that of a scan by default, and twice as large. */
const [WIDTH, TOPICS, OFFERED, TOKENS_TO_RUN, ROUNDS] = [4096, 64, 4000, 512, 3];
const POOLS = [1000, 4000];

export async function liveSetSection(pair: Pair, signal: AbortSignal): Promise<readonly string[]> {
  const rows: (readonly string[])[] = [];
  const kept = POOLS.map((size) => ({ size, seconds: secondsToOffer(size) }));
  for (const window of [32, 128]) {
    const model = await secondsOfModel(pair, window, signal);
    for (const { size, seconds } of kept) {
      const share = seconds / (model + seconds);
      rows.push([
        `windows of ${window}, pool of ${size}`,
        (1e3 * model).toFixed(1),
        (1e3 * seconds).toFixed(2),
        `${(100 * share).toFixed(2)} %`,
        '5 %',
      ]);
    }
  }
  return [
    `GPT-2 small shapes, all that a scan measures by default, k = ${WIDTH}, one thread; CPU milliseconds a document. The set takes ${OFFERED} made-up gradients of ${TOPICS} topics after as many that filled its pool.`,
    '',
    ...table(['', 'the model', 'pool and set', 'share', 'at most'], rows),
  ];
}

/** CPU seconds of a document, of those that come once the pool is full. */
function secondsToOffer(size: number): number {
  const { rows, delta } = madeUpGradients(2 * OFFERED, WIDTH, TOPICS);
  const pool = candidatePool(
    { size, width: WIDTH, deltaNorm: norm(delta) },
    { members: [], running: undefined, set: undefined },
  );
  const scores = Array.from({ length: 2 * OFFERED }, (_, i) => {
    const own = rows.subarray(i * WIDTH, (i + 1) * WIDTH);
    return { key: String(i), alignment: dot(own, delta), gradientNorm: norm(own), sketch: own };
  });
  for (const score of scores.slice(0, OFFERED)) pool.offer(score);
  const before = process.cpuUsage();
  for (const score of scores.slice(OFFERED)) pool.offer(score);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / OFFERED;
}

/** CPU seconds of a document of one window. */
async function secondsOfModel(pair: Pair, window: number, signal: AbortSignal): Promise<number> {
  const { body, weights, head, tunedHead } = await load(pair, signal);
  const [vocabulary = 0, hidden = 0] = head.shape;
  const model = gradientModel(
    { body, weights, maxTokens: window },
    {
      base: head,
      deltas: [{ kind: 'full', tuned: tunedHead, shared: vocabulary }],
      norm: true,
      lossTunedHead: true,
      sketch: project(sketch({ kind: 'bucket', seed: 0, width: WIDTH, vocabulary, hidden })),
    },
  );
  const session = await openSession({ model, providers: ['cpu'], threads: 1 });
  const windows = TOKENS_TO_RUN / window;
  const ids = Array.from({ length: windows }, (_, b) =>
    random(3)
      .words(b, 0, window)
      .map((word) => word % vocabulary),
  );
  const times = await race({ model: () => session.run(feedsOf(ids)) }, ROUNDS);
  await session.close();
  return median(times.get('model')!) / 1000 / windows;
}
