/** What picking a set costs: greedy over a pool, and the running set for each document of the stream. */
import { products } from '../stages/graph/products.ts';
import { greedy } from '../stages/math/greedy.ts';
import { runningSet } from '../stages/math/residual.ts';
import { shrunkColumns } from '../stages/math/shrinkage.ts';
import { dot, norm } from '../stages/math/vector.ts';
import { madeUpGradients } from './made-up-gradients.ts';
import { table } from './results.ts';

const [POOL, PICKED, WIDTH, TOPICS] = [8000, 1000, 4096, 64];

export async function selectionSection(signal: AbortSignal): Promise<readonly string[]> {
  const { rows, delta } = madeUpGradients(POOL, WIDTH, TOPICS);
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

function cpuSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
