/** The pool that a command draws from: every document of a store, and the true ones of a file. */
import { openStore } from '../store/store.ts';
import { type KnownPool, knownPool } from '../study/known-pool.ts';
import { deltaOf } from './ranking.ts';

export interface KnownPoolFlags {
  readonly store: string;
  readonly delta?: string | undefined;
  readonly truth: string;
}

/** @throws ConfigError where the store or the truth cannot be drawn from */
export function openKnownPool({ store: dir, delta, truth }: KnownPoolFlags): KnownPool {
  const store = openStore(dir, { readonly: true });
  try {
    return knownPool(store, deltaOf(store, delta), truth);
  } finally {
    store.close();
  }
}
