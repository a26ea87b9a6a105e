/** How often a rule of rate p tells: on documents to come, against p. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../pipeline/store/store.ts';
import { calibration } from '../stages/alert/calibration.ts';
import { random } from '../stages/math/random.ts';
import { table } from './results.ts';

const DEMO = fileURLToPath(new URL('../data/demo/store', import.meta.url));
/** Share, documents that the threshold is made of, and as many that it is held to. */
const CASES = [
  [0.01, 10_000],
  [0.001, 100_000],
] as const;
const STREAMS = 20;

/** @throws where the demo was not run: its scores are drawn from */
export async function alertsSection(): Promise<readonly string[]> {
  if (!existsSync(join(DEMO, 'store.sqlite')))
    throw new Error('alerts: run `npm start` first: scores are drawn from its store');
  const pool = poolOf(DEMO);
  const rows = CASES.map(([rate, n], c) => {
    const rates = Array.from({ length: STREAMS }, (_, s) => heldRate(pool, rate, n, 2 * (STREAMS * c + s))).sort(
      (a, b) => a - b,
    );
    const ratio = (at: number) => (rates[at]! / rate).toFixed(2);
    return [String(rate), n.toLocaleString('en'), ratio(STREAMS / 2), ratio(0), ratio(STREAMS - 1)];
  });
  return [
    `Scores are drawn, with replacement, from the ${pool.length.toLocaleString('en')} of the demo's crawl; ${STREAMS} streams each: so many to calibrate, as many held to the threshold. The rate of alerts as a multiple of the rate asked for; wanted: within a factor of 1.5.`,
    '',
    ...table(['rate', 'documents', 'median', 'least', 'most'], rows),
  ];
}

function poolOf(dir: string): Float64Array {
  const store = openStore(dir, { readonly: true });
  try {
    const [delta] = store.deltas();
    return Float64Array.from(store.members(delta!.id, 'top'), ({ ranking }) => ranking);
  } finally {
    store.close();
  }
}

function heldRate(pool: Float64Array, rate: number, n: number, stream: number): number {
  const draw = (of: number) => random(0).words(of, 0, n);
  const known = calibration();
  for (const word of draw(stream)) known.add(pool[word % pool.length]!, 0);
  const { value } = known.threshold(rate);
  let passed = 0;
  for (const word of draw(stream + 1)) if (pool[word % pool.length]! > value) passed++;
  return passed / n;
}
