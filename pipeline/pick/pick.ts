/** A set picked from a store: by which strategy, and how much of D the sum of its gradients explains, exactly. */
import type { GradientMatrices } from '../../stages/graph/matrix.ts';
import { greedy } from '../../stages/math/greedy.ts';
import { greedyBatched } from '../../stages/math/greedy-batched.ts';
import { norm } from '../../stages/math/vector.ts';
import { balanced, classesOf } from '../../stages/pick/balanced.ts';
import type { Candidate } from '../../stages/pick/candidate.ts';
import { explained, highestAt } from '../../stages/pick/explained.ts';
import { type GramOptions, gramOf } from '../../stages/pick/gram.ts';
import { narrowed } from '../../stages/pick/narrow.ts';
import { inOrder, PLACES } from '../../stages/pick/order.ts';
import type { SelectConfig } from '../config/config.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import type { Member } from '../store/members.ts';
import type { DeltaRecord, Store } from '../store/store.ts';
import { type ModeOf, openBaseMatrices } from './base-matrices.ts';
import { pickingMode } from './mode.ts';

export interface Explained {
  /** cos(S, D) after each document [n] */
  readonly cosines: readonly number[];
  /** cos(S, D) of all n; 0 of none */
  readonly cosine: number;
  /** Documents up to the highest cos(S, D): further ones take it down. */
  readonly highestAt: number;
}

export interface PickedSet extends Explained {
  /** The one that was asked for, or that `auto` stands for. */
  readonly strategy: Strategy;
  readonly documents: readonly Candidate[];
  /** Documents that were there to pick from, after near duplicates and hosts. */
  readonly candidates: number;
  /** Products between documents were exact; else they come from wide sketches. Undefined where none were needed. */
  readonly exactProducts: boolean | undefined;
  /** The same number of documents by the cosine alone, and drawn at random. */
  readonly beside: { readonly topk: Explained; readonly random: Explained };
}

export interface PickOptions {
  readonly environment: Environment;
  readonly threads: number;
}

type Strategy = Exclude<SelectConfig['strategy'], 'auto'>;

/** Documents that one step of greedy_batched takes. */
const BATCH = 16;
/** Rounding between one shape of the same product and another. */
const SAME = 1e-3;

/**
 * Runs the base over the documents that have to be known exactly: those picked and those beside them, and for greedy the pool.
 *
 * @throws ConfigError where the store holds too few documents for the strategy, or was not measured as picking needs it
 */
export async function pick(
  store: Store,
  delta: DeltaRecord,
  config: SelectConfig,
  { environment, threads }: PickOptions,
  signal: AbortSignal,
): Promise<PickedSet> {
  const { n } = config;
  const fields = store.measurement()?.fields ?? {};
  if (fields['layers'] !== 'head') {
    throw new ConfigError(
      `the store measures the layers ${fields['layers']}; sets are picked by gradients of the head alone`,
    );
  }
  const classes = config.strategy === 'auto' && fields['task'] !== undefined;
  const strategy = config.strategy !== 'auto' ? config.strategy : classes ? 'p_max' : 'topk';
  const perClass = config.perClass === true || strategy === 'topk_balanced' || classes;
  const listed = (list: Strategy): readonly Candidate[] => narrowed(documentsFor(store, delta, list), config);
  const candidates = listed(strategy);
  if (candidates.length < n) throw tooFew(strategy, n, candidates.length);
  if (perClass && candidates.some(({ label }) => label === null)) {
    throw new ConfigError(
      `${config.perClass === true ? '--per-class' : `--strategy ${strategy}`}: the store holds documents without a label; ` +
        'expected a scan as a classifier, with its label words',
    );
  }

  const opening = { ...config, base: config.base ?? delta.base, window: Number(fields['window']), threads };
  const mode: ModeOf = (model) => pickingMode(fields, delta.tuned, model, environment, signal);
  const { matrices, shape, ref } = await openBaseMatrices({ ...opening, mode }, environment, signal);
  try {
    await checkBase(candidates[0]!, matrices, ref);
    const picked = await picking({ entries: shape[0] * shape[1], memory: config.exactMemory, threads });
    const explainedBy = async (documents: readonly Candidate[]): Promise<Explained> => {
      const cosines = await explained(documents.slice(0, n), matrices, delta.norm, signal);
      return { cosines, cosine: cosines.at(-1) ?? 0, highestAt: highestAt(cosines) };
    };
    return {
      ...(await explainedBy(picked.documents)),
      ...picked,
      strategy,
      candidates: candidates.length,
      beside: { topk: await explainedBy(listed('topk')), random: await explainedBy(listed('random')) },
    };
  } finally {
    await matrices.close();
  }

  async function picking(limits: GramOptions): Promise<Pick<PickedSet, 'documents' | 'exactProducts'>> {
    if (strategy !== 'greedy' && strategy !== 'greedy_batched') {
      const documents = perClass ? balanced(candidates, n) : candidates.slice(0, n);
      return { documents, exactProducts: undefined };
    }
    const { columns, exact, close } = await gramOf(candidates, matrices, limits, signal);
    try {
      const pool = {
        alignments: Float64Array.from(candidates, ({ alignment }) => alignment),
        norms: Float64Array.from(candidates, ({ gradientNorm }) => gradientNorm),
        deltaNorm: delta.norm,
        classes: perClass ? classesOf(candidates, n) : undefined,
      };
      const indices =
        strategy === 'greedy'
          ? (await greedy(pool, n, columns, signal)).indices
          : await greedyBatched(pool, n, BATCH, columns, signal);
      return { documents: indices.map((i) => candidates[i]!), exactProducts: exact };
    } finally {
      await close();
    }
  }
}

/** The store's documents in the order in which the strategy would take them; for greedy, by the cosine. */
function documentsFor(store: Store, { id, keep }: DeltaRecord, strategy: Strategy): readonly Candidate[] {
  const members = (list: Parameters<Store['members']>[1]): readonly Candidate[] =>
    Array.from(store.members(id, list), ({ sketch: _, tokenAlignment: __, ...member }) => member as Member);
  switch (strategy) {
    case 'greedy':
    case 'greedy_batched':
      return inOrder(members('pool'), PLACES.topk);
    case 'topk':
    case 'topk_balanced':
      return inOrder(store.top(id, keep), PLACES.topk);
    case 'bottomk':
      return inOrder(members('bottom'), PLACES.bottomk);
    case 'p_max':
      return inOrder(members('likely'), PLACES.p_max);
    case 'p_min':
      return inOrder(members('unlikely'), PLACES.p_min);
    case 'random':
      return members('sample'); // keys are hashes: their order is one drawn at random
  }
}

function tooFew(strategy: Strategy, n: number, candidates: number): ConfigError {
  return new ConfigError(
    `-n ${n}: the store holds ${candidates} documents for ${strategy} once near duplicates and hosts are seen to; ` +
      'pick fewer, or scan into a new store with a larger --pool',
  );
}

/** The store's numbers can only be taken together with those of the model that they were measured with. */
async function checkBase(candidate: Candidate, matrices: GradientMatrices, ref: string): Promise<void> {
  const length = norm(await matrices.of(candidate));
  if (Math.abs(length / candidate.gradientNorm - 1) <= SAME) return;
  throw new ConfigError(
    `${ref} gives document ${candidate.id} a gradient of length ${length}; the store has ${candidate.gradientNorm}: ` +
      'expected the checkpoint that the store was measured with (--base)',
  );
}
