/** The tokens that a tokenizer.json lists, and how two lists differ. */
import { CheckpointError } from './error.ts';
import { isRecord, type Json } from './json.ts';

/** Token by id. Ids may have holes. */
export type Vocabulary = ReadonlyMap<number, string>;

const MAX_ID = 2 ** 24;

/**
 * The model's tokens and the added ones, which win where both claim an id.
 * @throws CheckpointError where an id is no id
 */
export function vocabularyOf(tokenizer: Json, what: string): Vocabulary {
  const model = isRecord(tokenizer['model']) ? tokenizer['model'] : {};
  const added: readonly unknown[] = Array.isArray(tokenizer['added_tokens']) ? tokenizer['added_tokens'] : [];
  const entries = [
    ...modelEntries(model['vocab']),
    ...added.map((token) => (isRecord(token) ? ([token['content'], token['id']] as const) : [undefined, undefined])),
  ];
  return new Map(
    entries.map(([token, id]) => {
      if (typeof token !== 'string' || typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > MAX_ID) {
        throw new CheckpointError(`${what}: token ${JSON.stringify(token)} has id ${JSON.stringify(id)}`);
      }
      return [id, token];
    }),
  );
}

/** {token: id}, or [[token, score], ...] of Unigram models. */
function modelEntries(vocab: unknown): readonly (readonly [unknown, unknown])[] {
  if (isRecord(vocab)) return Object.entries(vocab);
  return Array.isArray(vocab) ? vocab.map((entry: unknown, id) => [Array.isArray(entry) ? entry[0] : entry, id]) : [];
}

export interface VocabularyChange {
  /** The lowest id that stands for another token. */
  readonly id: number;
  readonly base: string;
  readonly tuned: string;
  /** Ids that stand for another token. */
  readonly changed: number;
  /** Those of them whose base token has another id on the tuned side: more than half, and the rows were reordered. */
  readonly moved: number;
}

/** How the ids below `shared` that both sides know differ; undefined where they do not. */
export function vocabularyChange(base: Vocabulary, tuned: Vocabulary, shared: number): VocabularyChange | undefined {
  const tunedTokens = new Set([...tuned].filter(([id]) => id < shared).map(([, token]) => token));
  const changed = [...base.keys()]
    .filter((id) => id < shared && tuned.has(id) && tuned.get(id) !== base.get(id))
    .sort((a, b) => a - b);
  const [id] = changed;
  if (id === undefined) return undefined;
  return {
    id,
    base: base.get(id)!,
    tuned: tuned.get(id)!,
    changed: changed.length,
    moved: changed.filter((at) => tunedTokens.has(base.get(at)!)).length,
  };
}
