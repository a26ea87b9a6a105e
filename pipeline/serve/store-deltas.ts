/** Deltas of a store, changed beside whoever writes to it. */
import { addDelta } from '../deltas/add.ts';
import type { Environment } from '../environment.ts';
import { openStore, type Store } from '../store/store.ts';
import type { Deltas } from './desk.ts';

/** @param dir folder of the store */
export function storeDeltas(dir: string, environment: Environment): Deltas {
  async function change<T>(work: (store: Store) => T | Promise<T>): Promise<T> {
    const store = openStore(dir, { beside: true });
    try {
      return await work(store);
    } finally {
      store.close();
    }
  }

  return {
    add: (asked, signal) => change((store) => addDelta(store, asked, environment, signal)),

    pause: (id, paused) =>
      change((store) => {
        store.pauseDelta(id, paused);
        return store.deltas().find((delta) => delta.id === id)!;
      }),

    remove: (id) => change((store) => store.removeDelta(id)),
  };
}
