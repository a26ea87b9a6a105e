/** A store with documents in it, and the API before it. */
import { join } from 'node:path';
import type { Environment } from '../../pipeline/environment.ts';
import { app } from '../../pipeline/serve/app.ts';
import { desk } from '../../pipeline/serve/desk.ts';
import { served } from '../../pipeline/serve/served.ts';
import { storeDeltas } from '../../pipeline/serve/store-deltas.ts';
import { countMessage, deadMessage, selectionMessage } from '../../pipeline/store/messages.ts';
import { openStore, type Store } from '../../pipeline/store/store.ts';
import { scoreCodec } from '../../schemas/codec.ts';
import { quantileSketch } from '../../stages/math/quantile.ts';
import { tinyPair } from '../cli/tiny.ts';
import { DELTA, scoreOf } from '../kit/store.ts';

/** Of nobody: no hub, no secret. */
export const ENVIRONMENT: Environment = {
  token: undefined,
  hub: undefined,
  cache: '/nonexistent',
  offline: true,
  colors: 'none',
};
export const TOKEN = 'a-token-for-tests-only';
export const AUTHORIZED = { authorization: `Bearer ${TOKEN}` } as const;

/** Puts documents with scores .01, .02, ... among the best, their counts and one reject for every tenth. */
export function fill(store: Store, n: number, from = 0): void {
  const scan = store.scan(DELTA);
  const quantiles = quantileSketch(store.state(DELTA, 'quantiles'));
  scan.commit(() => {
    for (let i = from; i < from + n; i++) {
      const key = `key${String(i).padStart(6, '0')}`;
      const score = scoreOf(key, 0, { ranking: (i + 1) / 100, url: `https://host${i % 3}.example.org/${i}` });
      quantiles.add(score.ranking);
      scan.write(selectionMessage({ delta: DELTA, list: 'top', key, gain: 0, value: scoreCodec.encode(score) }));
      if (i % 10 === 0) {
        const headers = { stage: 'tokenize', code: 'too-short', reason: 'has no token' };
        scan.write(deadMessage({ key: `dead${i}`, bytes: Buffer.from('x'), headers }));
      }
    }
    const value = Buffer.from(quantiles.bytes());
    scan.write(selectionMessage({ delta: DELTA, list: 'state', key: 'quantiles', gain: 0, value }));
    scan.write(countMessage({ stage: 'score', outcome: 'in', code: '', n }));
    scan.write(countMessage({ stage: 'score', outcome: 'out', code: '', n }));
  });
}

export function filled(dir: string, n: number): Store {
  const store = openStore(dir);
  store.addDelta({
    id: DELTA,
    base: 'b',
    tuned: 't',
    norm: 2,
    baseNorm: 20,
    measurement: 'm',
    keep: 100_000,
    rankBy: 'cosine',
  });
  fill(store, n);
  return store;
}

/** The small real pair, measured at the base, without a document: a store that a delta can be added to. */
export function pairStore(dir: string): Store {
  const store = openStore(dir);
  store.bind({ id: 'm', fields: { at: 'base', layers: 'head' } });
  const numbers = { norm: 2, baseNorm: 20, keep: 1000 } as const;
  store.addDelta({ id: DELTA, ...tinyPair, ...numbers, measurement: 'm', rankBy: 'cosine' });
  return store;
}

/** Ask it with `inject`; it listens nowhere. */
export function apiOf(dir: string, onFault: (error: Error) => void = () => undefined, roots: readonly string[] = []) {
  const read = served({
    dir: join(dir),
    version: '1.2.3',
    desk: desk(roots, storeDeltas(dir, ENVIRONMENT)),
    openTokenizer: () => ({ decode: (ids) => Array.from(ids, (id) => `<${id}>`).join('') }),
    clock: () => Date.now() / 1000,
  });
  const server = app({ served: read, token: TOKEN, hosts: ['sift.example.org'], onFault });
  return {
    server,
    read,
    async close() {
      await server.close();
      read.close();
    },
  };
}
