/** Where whoever knows the token changes the deltas of the store that is served. */
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { addDelta } from '../deltas/add.ts';
import { admissible } from '../deltas/admissible.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import { type KeptDelta, openStore, type Store } from '../store/store.ts';
import { Problem } from './problem.ts';

export interface Desk {
  /** What may be named as a tuned checkpoint: see admissible.ts. */
  readonly roots: readonly string[];
  /**
   * Reads the checkpoint's last layer, one at a time.
   *
   * @throws Problem 403 where it may not be named, 422 where it cannot be added, 503 where another is being added
   */
  add(asked: { readonly tuned: string; readonly beside?: string | undefined }, signal: AbortSignal): Promise<KeptDelta>;
  /** By its whole id. @throws ConfigError where it is gone */
  pause(id: string, paused: boolean): KeptDelta;
  remove(id: string): void;
}

export interface DeskOptions {
  /** Folder of the store. */
  readonly dir: string;
  readonly roots: readonly string[];
  readonly environment: Environment;
}

const AGAIN_SECONDS = '5';

export function desk({ dir, roots, environment }: DeskOptions): Desk {
  let busy = false;

  async function added(tuned: string, beside: string | undefined, signal: AbortSignal): Promise<KeptDelta> {
    const path = await admissible(tuned, roots);
    if (path === undefined) throw refused(tuned, roots);
    const store = openStore(dir, { beside: true });
    try {
      return await addDelta(store, { tuned: path, beside }, environment, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConfigError || error instanceof CheckpointError) throw new Problem(422, error.message);
      throw error;
    } finally {
      store.close();
    }
  }

  function change<T>(work: (store: Store) => T): T {
    const store = openStore(dir, { beside: true });
    try {
      return work(store);
    } finally {
      store.close();
    }
  }

  return {
    roots,

    async add({ tuned, beside }, signal) {
      if (busy) {
        throw new Problem(503, 'another delta is being added: ask again when that is done', {
          'retry-after': AGAIN_SECONDS,
        });
      }
      busy = true;
      try {
        return await added(tuned, beside, signal);
      } finally {
        busy = false;
      }
    },

    pause: (id, paused) =>
      change((store) => {
        store.pauseDelta(id, paused);
        return store.deltas().find((delta) => delta.id === id)!;
      }),

    remove: (id) => change((store) => store.removeDelta(id)),
  };
}

function refused(tuned: string, roots: readonly string[]): Problem {
  const may =
    roots.length === 0
      ? 'no checkpoint may be named here: --serve-checkpoints says which may'
      : `expected one that lies under ${roots.join(', ')}`;
  return new Problem(403, `tuned: ${JSON.stringify(tuned.slice(0, 200))} may not be named, or is not there; ${may}`);
}
