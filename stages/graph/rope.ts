/**
 * Rotary position embedding: the angles a config asks for, by the names of transformers' modeling_rope_utils.
 * Pair i of a head turns by position · frequency i.
 */
import { type Config, type Fields, fieldsOf } from './fields.ts';

export interface Rope {
  /** [half] radians a position, rounded to float32 as transformers keeps them: 2 · half components of a head turn. */
  readonly frequencies: Float32Array;
  /** Factor on cosine and sine; its square is on the attention scores. */
  readonly magnitude: number;
}

export interface RopeSource {
  readonly config: Config;
  /** Components of a head. */
  readonly headWidth: number;
  readonly maxPositions: number;
  /** The field beside `rope_scaling` that holds the base of the frequencies; GPT-NeoX names it in its own way. */
  readonly spelling: keyof typeof SPELLINGS;
}

/** `share` names the share of a head that turns. Where it is not free, transformers computes nothing else than 1. */
const SPELLINGS = {
  rope_theta: { share: 'partial_rotary_factor', fallback: 1, free: false, other: 'rotary_emb_base' },
  rotary_emb_base: { share: 'rotary_pct', fallback: 0.25, free: true, other: 'rope_theta' },
} as const;
const DEFAULT_BASE = 10_000;

const ANY_TYPE = ['rope_type', 'type', 'rope_theta', 'partial_rotary_factor'];
const LLAMA3 = ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'];
const YARN = ['factor', 'original_max_position_embeddings', 'attention_factor', 'beta_fast', 'beta_slow', 'mscale'];
const KEYS = {
  default: ANY_TYPE,
  linear: [...ANY_TYPE, 'factor'],
  dynamic: [...ANY_TYPE, 'factor'],
  llama3: [...ANY_TYPE, ...LLAMA3],
  yarn: [...ANY_TYPE, ...YARN, 'mscale_all_dim', 'truncate', 'finetuned'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
const TYPES = Object.keys(KEYS) as readonly (keyof typeof KEYS)[];

/**
 * Reads `rope_scaling` and the fields beside it, or `rope_parameters`, which holds all of them.
 * @throws CheckpointError for a type, a key or a value that is not known here
 */
export function ropeOf({ config, headWidth, maxPositions, spelling }: RopeSource): Rope {
  const names = SPELLINGS[spelling];
  const outer = fieldsOf(config);
  const scaling = outer.object('rope_scaling') ?? {};
  const path = Object.keys(scaling).length > 0 ? 'rope_scaling' : 'rope_parameters';
  const own = outer.object(path) ?? {};
  const inner = fieldsOf(own, `${path}.`);

  const type = inner.choice((own['rope_type'] ?? undefined) === undefined ? 'type' : 'rope_type', TYPES, 'default');
  const known: readonly string[] = KEYS[type];
  for (const key of Object.keys(own)) if (!known.includes(key)) inner.only(key, []);

  const base = inner.number('rope_theta', outer.number(spelling, DEFAULT_BASE));
  outer.only(names.other, [base]);
  const share = inner.number('partial_rotary_factor', outer.number(names.share, names.fallback));
  for (const name of ['partial_rotary_factor', 'rotary_pct']) if (name !== names.share) outer.only(name, [share]);
  if (!names.free && share !== 1) throw outer.refusal(names.share, '1 in this architecture');
  const rotary = Math.trunc(headWidth * share);
  if (rotary < 2 || rotary % 2 !== 0) {
    throw outer.refusal(
      names.share,
      `such that an even number of a head's ${headWidth} components turn (not ${rotary})`,
    );
  }

  const plain = plainFrequencies(base, rotary);
  const original = () =>
    outer.count('original_max_position_embeddings', inner.count('original_max_position_embeddings', maxPositions));
  switch (type) {
    case 'default':
      return { frequencies: plain, magnitude: 1 };
    case 'dynamic':
      // The base grows only where a text is longer than max_position_embeddings, and no window is.
      inner.number('factor');
      return { frequencies: plain, magnitude: 1 };
    case 'linear': {
      const factor = inner.number('factor');
      return { frequencies: plain.map((frequency) => frequency / factor), magnitude: 1 };
    }
    case 'llama3':
      return { frequencies: llama3(plain, inner, original()), magnitude: 1 };
    case 'yarn':
      return yarn(plain, inner, { base, rotary, original: original(), maxPositions });
  }
}

/** base^(−2i/rotary), with each step rounded to float32. */
function plainFrequencies(base: number, rotary: number): Float32Array {
  return Float32Array.from({ length: rotary / 2 }, (_, i) => 1 / Math.fround(base ** Math.fround((2 * i) / rotary)));
}

/** Llama 3.1: long waves are slowed by `factor`, short ones kept, and those between interpolated. */
function llama3(plain: Float32Array, fields: Fields, original: number): Float32Array {
  const factor = fields.number('factor');
  const low = fields.number('low_freq_factor');
  const high = fields.number('high_freq_factor');
  if (!(high > low)) throw fields.refusal('high_freq_factor', `above low_freq_factor, which is ${low}`);
  return plain.map((frequency) => {
    const turns = (original * frequency) / (2 * Math.PI);
    if (turns > high) return frequency;
    if (turns < low) return frequency / factor;
    const kept = (turns - low) / (high - low);
    return (1 - kept) * (frequency / factor) + kept * frequency;
  });
}

/** YaRN (arXiv 2309.00071): slow pairs are interpolated, fast ones kept, with a ramp between; scores get warmer. */
function yarn(
  plain: Float32Array,
  fields: Fields,
  at: { readonly base: number; readonly rotary: number; readonly original: number; readonly maxPositions: number },
): Rope {
  const factor = fields.number('factor', at.maxPositions / at.original);
  const truncate = fields.flag('truncate', true);
  /** The pair, as a real number, that makes so many turns over the original length. */
  const pairOf = (turns: number) =>
    (at.rotary * Math.log(at.original / (turns * 2 * Math.PI))) / (2 * Math.log(at.base));
  const fast = pairOf(fields.number('beta_fast', 32));
  const slow = pairOf(fields.number('beta_slow', 1));
  const from = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const to = Math.min(truncate ? Math.ceil(slow) : slow, at.rotary - 1);
  const width = from === to ? 0.001 : to - from;

  const frequencies = plain.map((frequency, i) => {
    const slowed = Math.min(1, Math.max(0, (i - from) / width));
    return (frequency / factor) * slowed + frequency * (1 - slowed);
  });
  return { frequencies, magnitude: fields.number('attention_factor', yarnMagnitude(factor, fields)) };
}

function yarnMagnitude(factor: number, fields: Fields): number {
  const warmth = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const over = fields.number('mscale', 0);
  const under = fields.number('mscale_all_dim', 0);
  return over !== 0 && under !== 0 ? warmth(over) / warmth(under) : warmth(1);
}
