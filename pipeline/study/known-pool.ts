/** A store that holds every document of its scan, and which of them are known to be tuning data: what a study draws from. */
import type { Score } from '../../schemas/types.ts';
import { random } from '../../stages/math/random.ts';
import { ConfigError } from '../error.ts';
import { jsonLines } from '../json-lines.ts';
import { labelTokens } from '../pick/label-tokens.ts';
import type { DeltaRecord, Store } from '../store/store.ts';

/** With its sketch. */
export type KnownDocument = Score;

export interface KnownPool {
  readonly delta: DeltaRecord;
  /** Tokens of the longest window. */
  readonly window: number;
  /** Where gradients were taken: `base`, or other points. */
  readonly at: string;
  /** Tokens of a classifier's labels, where those alone count; undefined of a language model. */
  readonly labels: readonly number[] | undefined;
  /** In order of their keys. */
  readonly documents: readonly KnownDocument[];
  isTrue(document: KnownDocument): boolean;
}

/** @throws ConfigError where the store does not hold all it has scored, with sketches, or the truth names none or all of it */
export function knownPool(store: Store, delta: DeltaRecord, truthFile: string): KnownPool {
  const documents = [...store.members(delta.id, 'pool')];
  const scored = store.counts().find(({ stage, outcome }) => stage === 'score' && outcome === 'out')?.n ?? 0;
  if (documents.length < scored) {
    throw new ConfigError(
      `the store's pool holds ${documents.length} of the ${scored} documents scored, and a study draws from all of them: ` +
        `scan into a new store with --pool ${scored}`,
    );
  }
  const truth = new Set(jsonLines(truthFile, 'truth', ['id']).map(({ id }) => id));
  const isTrue = ({ id }: KnownDocument) => truth.has(id);
  const truths = documents.filter(isTrue).length;
  if (truths < 2 || truths === documents.length) {
    throw new ConfigError(
      `--truth ${truthFile}: names ${truths} of the store's ${documents.length} documents; expected at least 2, and not all`,
    );
  }
  const fields = store.measurement()?.fields ?? {};
  const { window, at } = fields;
  return { delta, window: Number(window), at: String(at), labels: labelTokens(fields), documents, isTrue };
}

/** One draw of a study: what may be picked, in the order of the stream, and true documents that nothing may be picked from. */
export interface Draw {
  readonly stream: readonly KnownDocument[];
  readonly truths: readonly KnownDocument[];
  readonly heldOut: readonly KnownDocument[];
}

/** Streams of random.ts. */
const STREAM = { held: 0, order: 1 } as const;
/** Held-out documents that a head is tested on, at most: more take longer and tell little. Of an answer there is one position alone. */
const TESTED = { texts: 200, answers: 1000 } as const;

/** Half of the true documents are held out; of the rest the stream is a share `kept` in an order of its own. */
export function drawn({ documents, isTrue, labels }: KnownPool, seed: number, kept: number): Draw {
  const draw = random(seed);
  const all = documents.filter(isTrue);
  const shuffled = Array.from(draw.permutation(STREAM.held, all.length), (i) => all[i]!);
  const held = new Set(shuffled.slice(0, Math.floor(all.length / 2)));
  const rest = documents.filter((document) => !held.has(document));
  const order = draw.permutation(STREAM.order, rest.length);
  const stream = Array.from(order.subarray(0, Math.max(1, Math.round(kept * rest.length))), (i) => rest[i]!);
  return {
    stream,
    truths: stream.filter(isTrue),
    heldOut: [...held].slice(0, TESTED[labels === undefined ? 'texts' : 'answers']),
  };
}
