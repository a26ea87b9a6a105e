/** The deltas of a cluster, as one of its workers scores them: those of the topic, its own among them. */
import type { Delta, Gradients, Tokens } from '../../schemas/types.ts';
import type { Tuning } from '../../stages/checkpoint/tuning.ts';
import type { WithReplay } from '../../stages/replay/attached.ts';
import type { WorkerConfig } from '../config/config.ts';
import type { Stage } from '../contract.ts';
import type { DeltaSet } from '../kafka/delta-set.ts';
import { WORKERS, type WorkerReport } from '../kafka/worker-reports.ts';
import type { LiveDeltas } from '../legs/handlers.ts';
import { recordOf, type World } from '../scan/scan.ts';
import type { Ranking } from '../target/modes.ts';
import type { Target } from '../target/target.ts';
import { type LiveStage, liveStage } from './live-stage.ts';
import { activeDeltas, standsAlone } from './riders.ts';

export interface ClusterDeltas {
  readonly live: LiveDeltas;
  /** Of all that are active now; opened when it is first asked for. */
  readonly stage: LiveStage<Tokens, WithReplay<Gradients>>;
  close(): Promise<void>;
}

export interface ClusterDeltasOptions {
  readonly set: DeltaSet;
  readonly target: Target;
  readonly config: Pick<WorkerConfig, 'keep'> & Ranking;
  /** Name of the worker, and the legs it runs. */
  readonly worker: string;
  readonly legs: readonly string[];
  readonly world: Pick<World, 'environment' | 'note' | 'clock'>;
  readonly open: (deltas: readonly Tuning[]) => Promise<Stage<Tokens, WithReplay<Gradients>>>;
}

/** A worker says so often what it scores: one that has not for long is gone. */
const REPORT_MS = 60_000;

/** The entry of a worker's own delta. */
export function entryOf(target: Target, config: Pick<WorkerConfig, 'keep'> & Ranking, clock: () => number): Delta {
  return {
    ...recordOf(target, config),
    layers: target.delta.layers,
    alone: standsAlone(target.measurement),
    state: 'active',
    changedAt: new Date(clock() * 1000).toISOString(),
  };
}

/** Puts its own delta among those of the cluster, where it never was: one that was removed stays so. */
export async function openClusterDeltas(
  { set, target, config, worker, legs, world, open }: ClusterDeltasOptions,
  signal: AbortSignal,
): Promise<ClusterDeltas> {
  const own = entryOf(target, config, world.clock);
  if (set.get(own.id) === undefined) await set.put(own, signal);
  let deltas: Readonly<Record<string, string>> | undefined;

  async function report(): Promise<void> {
    if (deltas === undefined) return;
    const value: WorkerReport = { worker, legs, at: world.clock(), deltas };
    await set.send({ topic: WORKERS, key: worker, value: Buffer.from(JSON.stringify(value)), headers: {} });
  }
  const said = () => void report().catch((error) => world.note(`what is scored could not be reported: ${error}`));
  const timer = setInterval(said, REPORT_MS);
  timer.unref();

  const stage = liveStage<Tokens, WithReplay<Gradients>>({
    name: 'gradient',
    version: set.version,
    async open(ending) {
      const why: Record<string, string> = {};
      const active = set.all().filter(({ state }) => state === 'active');
      const same = active.filter(({ id, measurement, alone }) => {
        if (id === own.id || (measurement === own.measurement && !alone && !own.alone)) return true;
        why[id] = 'it is measured in another way than this worker measures';
        world.note(`delta ${id} is left out: ${why[id]}`);
        return false;
      });
      const tunings = await activeDeltas(same, target, world, ending, (id, cause) => {
        why[id] = cause;
      });
      const opened = tunings.length === 0 ? undefined : await open(tunings);
      if (opened === undefined) world.note('no delta is active: documents wait for one');
      else if (deltas !== undefined) world.note(`the deltas changed: ${tunings.length} are scored`);
      deltas = { ...Object.fromEntries(tunings.map(({ id }) => [id, ''])), ...why };
      said();
      return opened;
    },
  });

  return {
    live: {
      of(id) {
        const delta = set.get(id);
        return delta && { id, norm: delta.norm, gone: delta.state === 'removed' };
      },
      catchUp: set.catchUp,
      removed: () => set.all().flatMap(({ id, state }) => (state === 'removed' ? [id] : [])),
    },
    stage,

    async close() {
      clearInterval(timer);
      await stage.close();
      if (deltas !== undefined) {
        const gone = set.send({ topic: WORKERS, key: worker, value: null, headers: {} });
        await gone.catch(() => undefined); // it is not heard of any more, which says the same, later
      }
    },
  };
}
