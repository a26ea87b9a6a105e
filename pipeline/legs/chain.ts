/** Stages as one: no queue, no copy, and outcomes still line up with inputs. */
import { Drop, type Outcome, Reject, type Stage } from '../contract.ts';

/** What became of one input, and the name of the stage that settled it: the last one where it went all the way. */
export interface Settled<Out> {
  readonly outcome: Outcome<Out>;
  readonly by: string;
}

export interface Chain<In, Out> extends Stage<In, Out> {
  /** The names of its stages, in order. */
  readonly stages: readonly string[];
  process(batch: readonly In[], signal: AbortSignal): Promise<readonly Outcome<Out>[]>;
  /** As `process`, and which stage settled each input. */
  trace(batch: readonly In[], signal: AbortSignal): Promise<readonly Settled<Out>[]>;
}

/** Runs each stage on what the one before it let through. */
export function chain<A, B>(only: Stage<A, B>): Chain<A, B>;
export function chain<A, B, C>(a: Stage<A, B>, b: Stage<B, C>): Chain<A, C>;
export function chain<A, B, C, D>(a: Stage<A, B>, b: Stage<B, C>, c: Stage<C, D>): Chain<A, D>;
export function chain<A, B, C, D, E>(a: Stage<A, B>, b: Stage<B, C>, c: Stage<C, D>, d: Stage<D, E>): Chain<A, E>;
export function chain<A, B, C, D, E>(
  ...stages: readonly [...Stage<A, A>[], Stage<A, B>, Stage<B, C>, Stage<C, D>, Stage<D, E>]
): Chain<A, E>;
export function chain<A, B, C, D, E, F, G>(
  ...stages: readonly [
    ...Stage<A, A>[],
    ...[Stage<A, B>, Stage<B, C>, Stage<C, D>, Stage<D, E>, Stage<E, F>, Stage<F, G>],
  ]
): Chain<A, G>;
export function chain(...stages: readonly Stage<unknown, unknown>[]): Chain<unknown, unknown> {
  const names = stages.map((stage) => stage.name);
  const last = names.at(-1);
  if (last === undefined || new Set(names).size < names.length) {
    throw new RangeError(`chain: expected at least one stage, and no name twice, got [${names.join(', ')}]`);
  }

  /** Settles when the call before has: one that is left with nothing on the way would overtake it. */
  let latest: Promise<unknown> = Promise.resolve();

  function trace(batch: readonly unknown[], signal: AbortSignal): Promise<readonly Settled<unknown>[]> {
    const turn = inTurn(latest, run(batch, signal));
    latest = turn.catch(() => undefined);
    return turn;
  }

  async function run(batch: readonly unknown[], signal: AbortSignal): Promise<readonly Settled<unknown>[]> {
    let settled: readonly Settled<unknown>[] = batch.map((value) => ({ outcome: [value], by: last! }));
    for (const stage of stages) settled = await advance(stage, settled, signal);
    return settled;
  }

  return {
    name: names.join('+'),
    stages: names,
    trace,
    process: async (batch, signal) => (await trace(batch, signal)).map(({ outcome }) => outcome),
    async close() {
      for (const stage of stages) await stage.close?.();
    },
  };
}

async function inTurn<T>(before: Promise<unknown>, own: Promise<T>): Promise<T> {
  const result = await own;
  await before;
  return result;
}

/** Puts every value that is still on its way through one more stage. */
async function advance(
  stage: Stage<unknown, unknown>,
  settled: readonly Settled<unknown>[],
  signal: AbortSignal,
): Promise<readonly Settled<unknown>[]> {
  const values = settled.flatMap(({ outcome }) => (isValues(outcome) ? outcome : []));
  if (values.length === 0) return settled;
  const outcomes = await stage.process(values, signal);
  if (outcomes.length !== values.length) {
    throw new Error(
      `stage ${stage.name}: expected one outcome for each of ${values.length} inputs, got ${outcomes.length}`,
    );
  }
  const rest = outcomes.values();
  return settled.map((one) => {
    if (!isValues(one.outcome)) return one;
    const outcome = join(one.outcome.map(() => rest.next().value!));
    return isValues(outcome) ? { ...one, outcome } : { outcome, by: stage.name };
  });
}

/** One rejected part rejects the whole; it is dropped where every part is. */
function join<Out>(parts: readonly Outcome<Out>[]): Outcome<Out> {
  if (parts.length === 1) return parts[0]!;
  const rejected = parts.find((part) => part instanceof Reject);
  if (rejected !== undefined) return rejected;
  const [first] = parts;
  if (first instanceof Drop && parts.every((part) => part instanceof Drop)) return first;
  return parts.flatMap((part) => (isValues(part) ? part : []));
}

function isValues<Out>(outcome: Outcome<Out>): outcome is readonly Out[] {
  return !(outcome instanceof Reject || outcome instanceof Drop);
}
