/** What `deltasift delta` says of two checkpoints. */
import type { Checkpoint } from '../stages/checkpoint/checkpoint.ts';
import type { Delta } from '../stages/checkpoint/delta.ts';
import { CheckpointError } from '../stages/checkpoint/error.ts';
import { type PreferredToken, preferredTokens, spectrumOf } from '../stages/checkpoint/spectrum.ts';
import { bodyOf } from '../stages/graph/families.ts';
import { hiddenStates, TYPICAL_TEXTS } from '../stages/graph/hidden.ts';
import type { DeltaConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { openPair, openTokenizer } from './target.ts';

export interface DeltaReport {
  /** Delta id. */
  readonly delta: string;
  readonly base: Side;
  readonly tuned: Side;
  /** Rows that stand for the same tokens on both sides. */
  readonly shared: number;
  /** |D|, |W0| and their ratio */
  readonly norm: number;
  readonly baseNorm: number;
  readonly relativeNorm: number;
  /** The first singular values of D, and the share of |D|² in the first so many of them. */
  readonly spectrum: { readonly values: readonly number[]; readonly energy: Readonly<Record<number, number>> };
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
  const { base, tuned, delta } = await openPair(config, environment, signal);
  const spectrum = await spectrumOf(delta, RANKS.at(-1)!, 0, signal);
  const pushed = await pushedTokens(delta, config.tokens, threads, signal);
  return {
    delta: delta.id,
    base: sideOf(base),
    tuned: sideOf(tuned),
    shared: delta.vocabulary.shared,
    norm: delta.norm,
    baseNorm: delta.baseNorm,
    relativeNorm: delta.norm / delta.baseNorm,
    spectrum: {
      values: [...spectrum.values],
      energy: Object.fromEntries(RANKS.map((rank) => [rank, spectrum.energy(rank)])),
    },
    tokens: typeof pushed === 'string' ? undefined : pushed,
    notes: [...delta.notes, ...(typeof pushed === 'string' ? [pushed] : [])],
  };
}

function sideOf({ ref, head }: Checkpoint): Side {
  return { ref, head: head.name, dtype: head.dtype, shape: head.shape };
}

/** By the logits at hidden states of typical text: the whole body has to be here. A sentence says why there are none. */
async function pushedTokens(
  delta: Delta,
  asked: DeltaConfig['tokens'],
  threads: number,
  signal: AbortSignal,
): Promise<NonNullable<DeltaReport['tokens']> | string> {
  const { base } = delta;
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
