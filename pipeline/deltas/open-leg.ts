/** The leg of a scan, over every delta that it scores, whichever those are while it runs. */
import type { Basis } from '../../schemas/types.ts';
import { bytesOf } from '../config/byte-size.ts';
import type { ScanConfig } from '../config/config.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import type { Scan } from '../store/scan.ts';
import type { Store } from '../store/store.ts';
import { openStage } from '../target/open-stage.ts';
import type { Target } from '../target/target.ts';
import type { RunWatch } from '../target/timed-session.ts';
import type { LegFactory } from '../tokens.ts';
import { liveLeg, type OpenedLeg } from './live-leg.ts';
import { openBasis } from './replay-basis.ts';
import { activeDeltas } from './riders.ts';

export interface LegParts {
  readonly config: ScanConfig;
  readonly target: Target;
  readonly store: Store;
  readonly scan: Scan;
  readonly make: LegFactory;
  /** Offset of the next document to be committed. */
  readonly committed: () => number;
  /** Told how long runs of the session take. */
  readonly runs?: RunWatch | undefined;
  readonly world: { readonly environment: Environment; readonly cores: number; note(sentence: string): void };
}

/** @throws CheckpointError, ConfigError as a scan does */
export async function openLeg(
  { config, target, store, scan, make, committed, runs, world }: LegParts,
  signal: AbortSignal,
): Promise<OpenedLeg> {
  const basis = config.keepReplay === undefined ? undefined : await basisOf(config, target, store, world.cores);
  if (config.keepReplay !== undefined) scan.keepReplay(bytesOf(config.keepReplay));
  return liveLeg(
    {
      version: store.deltasVersion,
      committed,
      async open(ending) {
        const active = store.deltas().filter(({ scan: name, paused }) => name === target.delta.id && !paused);
        const deltas = await activeDeltas(active, target, world, ending);
        if (deltas.length === 0) return undefined;
        const stage = await openStage(target, config, world, { deltas, basis, runs });
        return { handle: make(stage, deltas), close: async () => stage.close?.() };
      },
      changed: (any) =>
        world.note(
          any ? 'the deltas changed: on with those there are now' : 'no delta is active: the scan waits for one',
        ),
    },
    signal,
  );
}

async function basisOf(config: ScanConfig, target: Target, store: Store, cores: number): Promise<Basis> {
  refuseRecords(target);
  const basis = store.records.basis() ?? (await openBasis(target, config.threads ?? cores));
  store.records.keepBasis(basis);
  return basis;
}

/** @throws ConfigError where records would not say what the measurement measures */
export function refuseRecords(target: Target): void {
  if (target.classifier !== undefined) {
    throw new ConfigError("--keep-replay: records are of a language model's gradient; leave --task classification out");
  }
  if (target.delta.layers !== 'head' || target.points.join() !== 'base') {
    throw new ConfigError(
      `--keep-replay: records are of the head's gradient at the base; expected --layers head and --at base, got ${target.delta.layers} and ${target.points}`,
    );
  }
}
