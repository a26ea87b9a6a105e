/** What `deltasift delta` says of two checkpoints. */
import { isAdapter } from '../../stages/checkpoint/adapter.ts';
import type { Checkpoint } from '../../stages/checkpoint/checkpoint.ts';
import type { HeadDifference } from '../../stages/checkpoint/delta.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import type { Movement } from '../../stages/checkpoint/movement.ts';
import { type PreferredToken, preferredTokens, spectrumOf } from '../../stages/checkpoint/spectrum.ts';
import { type Layers, openTuning, type Tuning } from '../../stages/checkpoint/tuning.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import { hiddenStates, TYPICAL_TEXTS } from '../../stages/graph/hidden.ts';
import type { LastMlp } from '../../stages/graph/last-mlp.ts';
import type { DeltaConfig } from '../config/config.ts';
import type { Environment } from '../environment.ts';
import { openSides, openTokenizer } from './target.ts';

export interface DeltaReport {
  /** Delta id. */
  readonly delta: string;
  /** Those looked at: the head where it changed, else the last block's MLP. */
  readonly layers: Layers;
  readonly base: Side;
  readonly tuned: Side | AdapterSide;
  /** Rows of the head that stand for the same tokens on both sides. */
  readonly shared: number;
  /** |D|, |W0| and their ratio */
  readonly norm: number;
  readonly baseNorm: number;
  readonly relativeNorm: number;
  readonly matrices: readonly Movement[];
  /** Of the head: the first singular values of D, and the share of |D|² in the first so many. Undefined where it did not change. */
  readonly spectrum:
    | { readonly values: readonly number[]; readonly energy: Readonly<Record<number, number>> }
    | undefined;
  /** Undefined where they were not asked for, or cannot be had; a note says why. */
  readonly tokens: { readonly up: readonly PushedToken[]; readonly down: readonly PushedToken[] } | undefined;
  /** What the user should know, each a sentence. */
  readonly notes: readonly string[];
}

export interface Side {
  readonly ref: string;
  readonly head: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface AdapterSide {
  readonly ref: string;
  /** Modules that it adapts. */
  readonly modules: readonly string[];
}

export interface PushedToken extends PreferredToken {
  readonly text: string;
}

const RANKS = [1, 8, 32] as const;
const PUSHED = 20;

/** @throws CheckpointError where the pair is refused */
export async function inspectDelta(
  config: DeltaConfig,
  environment: Environment,
  threads: number,
  signal: AbortSignal,
): Promise<DeltaReport> {
  const { base, tuned } = await openSides(config, environment, signal);
  const tuning = await openTuning(base, tuned, { layers: 'auto', lastMlp: lastMlpOf(base) }, signal);
  const head = tuning.layers === 'head' ? headOf(tuning) : undefined;
  const spectrum = head === undefined ? undefined : await spectrumOf(head, RANKS.at(-1)!, 0, signal);
  const pushed =
    head === undefined
      ? 'there is no spectrum of the head and there are no tokens that it pushes: its D is 0'
      : await pushedTokens(base, head, config.tokens, threads, signal);
  return {
    delta: tuning.id,
    layers: tuning.layers,
    base: sideOf(base),
    tuned: isAdapter(tuned) ? { ref: tuned.ref, modules: tuned.modules } : sideOf(tuned),
    shared: tuning.head?.shared ?? base.head.shape[0]!,
    norm: tuning.norm,
    baseNorm: tuning.baseNorm,
    relativeNorm: tuning.norm / tuning.baseNorm,
    matrices: tuning.movements,
    spectrum:
      spectrum === undefined
        ? undefined
        : {
            values: [...spectrum.values],
            energy: Object.fromEntries(RANKS.map((rank) => [rank, spectrum.energy(rank)])),
          },
    tokens: typeof pushed === 'string' ? undefined : pushed,
    notes: [...tuning.notes, ...(typeof pushed === 'string' ? [pushed] : [])],
  };
}

/** Undefined where the architecture is not known: then only the head can be looked at. */
function lastMlpOf(base: Checkpoint): LastMlp | undefined {
  try {
    return bodyOf(base).lastMlp;
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
}

/** Rows of D of a head that changed. */
function headOf({ base, head }: Tuning): HeadDifference {
  const [rows = 0, width = 0] = base.head.shape;
  if (head?.kind === 'factors') {
    return { vocabulary: { base: rows, tuned: rows, shared: rows }, width, factors: head };
  }
  const { tuned, shared, tensor } = head!;
  return { base, tuned, vocabulary: { base: rows, tuned: tensor.shape[0]!, shared }, width };
}

function sideOf({ ref, head }: Checkpoint): Side {
  return { ref, head: head.name, dtype: head.dtype, shape: head.shape };
}

/** By the logits at hidden states of typical text: the whole body has to be here. A sentence says why there are none. */
async function pushedTokens(
  base: Checkpoint,
  delta: HeadDifference,
  asked: DeltaConfig['tokens'],
  threads: number,
  signal: AbortSignal,
): Promise<NonNullable<DeltaReport['tokens']> | string> {
  if (asked === 'off') return 'the tokens it pushes were not asked for';
  if (asked === 'auto' && /^(hf|https?):/.test(base.ref)) {
    return `the tokens it pushes are left out: that takes the whole body of ${base.ref}, which --tokens on fetches`;
  }
  try {
    const body = bodyOf(base);
    const { tokenizer } = await openTokenizer(base, signal);
    const before = tokenizer.specials.before;
    const texts = TYPICAL_TEXTS.map((text) =>
      Int32Array.from([...before, ...tokenizer.encode(text)].slice(0, body.positions)),
    );
    const hidden = await hiddenStates(base, texts, { body, providers: ['cpu'], threads });
    const { up, down } = await preferredTokens(delta, hidden, PUSHED, signal);
    const named = (token: PreferredToken): PushedToken => ({ ...token, text: tokenizer.piece(token.id) });
    return { up: up.map(named), down: down.map(named) };
  } catch (error) {
    if (asked === 'auto' && error instanceof CheckpointError)
      return `the tokens it pushes are left out: ${error.message}`;
    throw error;
  }
}
