/** What the routes read: a store that another process, or another thread, writes to. */
import { distributionOf } from '../../stages/distribution.ts';
import type { QuantileSketch } from '../../stages/math/quantile.ts';
import type { DeltaRecord } from '../store/store.ts';
import { openView, type StoreView } from '../store/view.ts';
import type { Desk } from './desk.ts';
import { Problem } from './problem.ts';
import { type Watch, watch } from './watch.ts';

export interface Served {
  readonly view: StoreView;
  readonly watch: Watch;
  /** Changes deltas. */
  readonly desk: Desk;
  /** Of deltasift. */
  readonly version: string;
  /** Text of token ids, by the tokenizer kept in the store. */
  decode(ids: Int32Array): string;
  /** @throws Problem 404 where no delta, or more than one, has an id that begins so */
  delta(asked: string): DeltaRecord;
  /** The distribution of a delta's scores as last committed. */
  quantiles(delta: string): QuantileSketch;
  /** How many of those were estimated. */
  estimated(delta: string): number;
  /** What `make` gave, until the store changes. */
  kept<T>(name: string, make: () => T): T;
  close(): void;
}

export interface ServedOptions {
  /** Folder of the store. */
  readonly dir: string;
  readonly version: string;
  readonly desk: Desk;
  /** Opens the tokenizer kept in the store: called when a document is first shown. */
  readonly openTokenizer: (dir: string) => { readonly decode: (ids: Int32Array) => string };
  /** Seconds since 1970. */
  readonly clock: () => number;
}

/** Entries made of one version of the store: as many as there are pages that somebody looks at. */
const KEPT = 500;

/** @throws ConfigError where there is no store in the folder */
export function served({ dir, version, desk, openTokenizer, clock }: ServedOptions): Served {
  const view = openView(dir);
  const kept = new Map<string, unknown>();
  let of = -1;
  let tokenizer: ReturnType<typeof openTokenizer> | undefined;

  function keep<T>(name: string, make: () => T): T {
    const now = view.version();
    if (now !== of || kept.size > KEPT) kept.clear();
    of = now;
    if (!kept.has(name)) kept.set(name, make());
    return kept.get(name) as T;
  }

  const distribution = (delta: string) =>
    keep(`quantiles ${delta}`, () => distributionOf((name) => view.store.state(delta, name)));
  const quantiles = (delta: string) => distribution(delta).sketch;

  const watching = watch({ view, clock, documents: (delta) => quantiles(delta).count });

  return {
    view,
    watch: watching,
    desk,
    version,
    quantiles,
    estimated: (delta) => distribution(delta).estimated,
    kept: keep,

    decode(ids) {
      tokenizer ??= openTokenizer(dir);
      return tokenizer.decode(ids);
    },

    delta(asked) {
      const all = view.store.deltas();
      const [meant, ...others] = all.filter(({ id }) => id.startsWith(asked));
      if (meant !== undefined && others.length === 0) return meant;
      const there = all.map(({ id }) => id).join(', ') || 'none yet';
      throw new Problem(404, `no delta ${asked}: expected an id, or enough of its beginning, of ${there}`);
    },

    close() {
      watching.close();
      view.close();
    },
  };
}
