/** A store of many documents that goes on growing, made through the store's own interface: what the API and the page are measured on. */
import { countMessage, selectionMessage } from '../pipeline/store/messages.ts';
import { openStore, type Store } from '../pipeline/store/store.ts';
import { scoreCodec } from '../schemas/codec.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import type { Score } from '../schemas/types.ts';
import { quantileSketch } from '../stages/math/quantile.ts';
import { random } from '../stages/math/random.ts';
import { STATE } from '../stages/select.ts';

export const DELTA = 'd'.repeat(64);
const TOKENS = 128;
const TEXT =
  'a small town at the bend of a river that runs past mills and under two bridges before it meets the sea. '.repeat(6);

export interface LiveStore {
  /** Commits so many documents more, as a scan does: the worst of the best go, so that their number stays. */
  add(n: number): void;
  close(): void;
}

/** @param keep documents that it holds, all among the best of one delta */
export function liveStore(dir: string, keep: number): LiveStore {
  const store: Store = openStore(dir);
  store.addDelta({
    id: DELTA,
    base: 'base',
    tuned: 'tuned',
    norm: 2,
    baseNorm: 20,
    measurement: 'm',
    keep,
    rankBy: 'cosine',
  });
  const scan = store.scan(DELTA);
  const draw = random(1);
  const quantiles = quantileSketch();
  /** Keys in the order they came: the oldest goes for a new one, which is as much work as the worst. */
  const held: string[] = [];
  let made = 0;

  function scoreOf(i: number): Score {
    return {
      ...NO_PROVENANCE,
      key: `key${String(i).padStart(9, '0')}`,
      id: `crawl/${i}`,
      url: `https://host${i % 500}.example.org/page/${i}`,
      delta: DELTA,
      measurement: 'm',
      ranking: (draw.words(0, i, 1)[0]! / 2 ** 32) ** 4,
      cosine: 0.01,
      alignment: 1,
      gradientNorm: 1.5,
      loss: 5,
      lossTunedHead: 4,
      lossTuned: null,
      label: null,
      tokens: TOKENS - 1,
      window: 0,
      windows: 1,
      meanAlignment: 0.01,
      text: TEXT,
      ids: new Int32Array(TOKENS).fill(7),
      tokenAlignment: new Float32Array(TOKENS - 1).fill(0.01),
      sketch: new Float32Array(),
    };
  }

  function add(n: number): void {
    scan.commit(() => {
      for (let i = 0; i < n; i++) {
        const score = scoreOf(made++);
        quantiles.add(score.ranking);
        held.push(score.key);
        const change = { delta: DELTA, list: 'top', key: score.key, gain: 0 } as const;
        scan.write(selectionMessage({ ...change, value: scoreCodec.encode(score) }));
        if (held.length > keep) scan.write(selectionMessage({ ...change, key: held.shift()!, value: null }));
      }
      const value = Buffer.from(quantiles.bytes());
      scan.write(selectionMessage({ delta: DELTA, list: 'state', key: STATE.quantiles, gain: 0, value }));
      for (const outcome of ['in', 'out'] as const) scan.write(countMessage({ stage: 'score', outcome, code: '', n }));
    });
  }

  while (made < keep) add(Math.min(1000, keep - made));
  return { add, close: store.close };
}
