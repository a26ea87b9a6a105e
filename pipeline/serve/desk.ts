/** Where whoever knows the token changes the deltas of what is served. */
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { admissible } from '../deltas/admissible.ts';
import { ConfigError } from '../error.ts';
import type { KeptDelta } from '../store/store.ts';
import { Problem } from './problem.ts';

/** What holds the deltas: a store, or the cluster that a store follows. Changes are in the store when they resolve. */
export interface Deltas {
  /** @throws CheckpointError, ConfigError where it cannot be added */
  add(asked: { readonly tuned: string; readonly beside?: string | undefined }, signal: AbortSignal): Promise<KeptDelta>;
  /** By its whole id. */
  pause(id: string, paused: boolean, signal: AbortSignal): Promise<KeptDelta>;
  remove(id: string, signal: AbortSignal): Promise<void>;
}

export interface Desk extends Deltas {
  /** What may be named as a tuned checkpoint: see admissible.ts. */
  readonly roots: readonly string[];
  /**
   * Reads the checkpoint's last layer, one at a time.
   *
   * @throws Problem 403 where it may not be named, 422 where it cannot be added, 503 where another is being added
   */
  readonly add: Deltas['add'];
}

const AGAIN_SECONDS = '5';

export function desk(roots: readonly string[], deltas: Deltas): Desk {
  let busy = false;

  const added: Deltas['add'] = async ({ tuned, beside }, signal) => {
    const path = await admissible(tuned, roots);
    if (path === undefined) throw refused(tuned, roots);
    try {
      return await deltas.add({ tuned: path, beside }, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConfigError || error instanceof CheckpointError) throw new Problem(422, error.message);
      throw error;
    }
  };

  return {
    ...deltas,
    roots,

    async add(asked, signal) {
      if (busy) {
        throw new Problem(503, 'another delta is being added: ask again when that is done', {
          'retry-after': AGAIN_SECONDS,
        });
      }
      busy = true;
      try {
        return await added(asked, signal);
      } finally {
        busy = false;
      }
    },
  };
}

function refused(tuned: string, roots: readonly string[]): Problem {
  const may =
    roots.length === 0
      ? 'no checkpoint may be named here: --serve-checkpoints says which may'
      : `expected one that lies under ${roots.join(', ')}`;
  return new Problem(403, `tuned: ${JSON.stringify(tuned.slice(0, 200))} may not be named, or is not there; ${may}`);
}
