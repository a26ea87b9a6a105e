/** What picking a set costs: greedy over a pool, and the running set for each document of the stream. */
import { products } from '../stages/graph/products.ts';
import { greedy } from '../stages/math/greedy.ts';
import { random } from '../stages/math/random.ts';
import { runningSet } from '../stages/math/residual.ts';
import { shrunkColumns } from '../stages/math/shrinkage.ts';
import { dot, norm } from '../stages/math/vector.ts';
import { table } from './results.ts';

const [POOL, PICKED, WIDTH, TOPICS] = [8000, 1000, 4096, 64];

export async function selectionSection(signal: AbortSignal): Promise<readonly string[]> {
  const { rows, delta } = gradients();
  const row = (i: number) => rows.subarray(i * WIDTH, (i + 1) * WIDTH);
  const deltaNorm = norm(delta);
  const alignments = Float64Array.from({ length: POOL }, (_, i) => dot(row(i), delta));
  const norms = Float64Array.from({ length: POOL }, (_, i) => norm(row(i)));

  let before = process.cpuUsage();
  const set = runningSet({ capacity: PICKED, deltaNorm, width: WIDTH });
  for (let i = 0; i < POOL; i++) set.offer(`${i}`, { alignment: alignments[i]!, norm: norms[i]!, sketch: row(i) });
  const stream = cpuSeconds(before);

  before = process.cpuUsage();
  const { columns, close } = await products(rows, WIDTH, 1);
  const picked = await greedy({ alignments, norms, deltaNorm }, PICKED, await shrunkColumns(columns, norms), signal);
  const offline = cpuSeconds(before);
  await close();

  return [
    `${PICKED} out of ${POOL} made-up gradients of ${TOPICS} topics, k = ${WIDTH}, one thread.`,
    '',
    ...table(
      ['', 'measured', 'at most'],
      [
        ['greedy and exchanges', `${offline.toFixed(1)} CPU seconds`, '20'],
        ['peak memory of the process', `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`, '400'],
        ['running set, a document', `${((1e6 * stream) / POOL).toFixed(0)} CPU µs`, ''],
        ['cos(S, D) of greedy', picked.cosine.toFixed(4), ''],
        ['cos(S, D) of the running set', set.cosine.toFixed(4), ''],
      ],
    ),
  ];
}

/** Each gradient is of two topics and noise; D is of all topics, unequally, and of noise. */
function gradients(): { readonly rows: Float32Array; readonly delta: Float32Array } {
  const draw = random(4);
  const uniform = (stream: number, n: number) =>
    Float32Array.from(draw.words(stream, 0, n), (word) => word / 2 ** 31 - 1);
  const topics = Array.from({ length: TOPICS }, (_, topic) => uniform(topic, WIDTH));
  const weights = uniform(TOPICS, 3 * POOL);
  const delta = uniform(TOPICS + 1, WIDTH).map((value) => 3 * value);
  for (const [topic, weight] of uniform(TOPICS + 2, TOPICS).entries()) {
    for (let j = 0; j < WIDTH; j++) delta[j]! += weight * topics[topic]![j]!;
  }
  const rows = new Float32Array(POOL * WIDTH);
  for (let i = 0; i < POOL; i++) {
    const noise = uniform(TOPICS + 3 + i, WIDTH);
    const [a, b] = [topics[i % TOPICS]!, topics[(7 * i) % TOPICS]!];
    for (let j = 0; j < WIDTH; j++)
      rows[i * WIDTH + j] = weights[2 * i]! * a[j]! + weights[2 * i + 1]! * b[j]! + noise[j]!;
  }
  return { rows, delta };
}

function cpuSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
