/** Text to token ids and back, by the checkpoint's tokenizer.json. */
import { createHash } from 'node:crypto';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import type { TokenizerFiles } from './checkpoint.ts';
import { CheckpointError } from './error.ts';
import { isRecord } from './json.ts';
import { vocabularyOf } from './vocabulary.ts';
import { hasWordCuts, wordCut } from './word-cuts.ts';

export interface Tokenizer {
  /** sha-256 of all that decides on ids. */
  readonly hash: string;
  /** What the user should know of it. */
  readonly notes: readonly string[];
  /** Ids are 0..size-1. */
  readonly size: number;
  /** What the tokenizer itself puts around a text. */
  readonly specials: { readonly before: readonly number[]; readonly after: readonly number[] };
  /**
   * Ids of a text, no special tokens around it. With `enough`, some of the ids may be left out from the end where at least so
   * many remain: a long text costs as much as what is used of it, where its tokenizer allows.
   */
  encode(text: string, enough?: number): Int32Array;
  decode(ids: ArrayLike<number>): string;
  /** The text of one token within a text, its space included. */
  piece(id: number): string;
}

/** Where a text is cut first, per token asked for: most tokens are shorter. */
const CHARS_PER_TOKEN = 8;
/** The library takes a Unigram text apart in one call per piece, whose tokens must fit the stack. */
const MAX_UNIGRAM_PIECE = 50_000;

/** @throws CheckpointError where the library cannot read it */
export function tokenizerOf({ tokenizer }: TokenizerFiles, what: string): Tokenizer {
  if (!isRecord(tokenizer['model'])) {
    throw new CheckpointError(
      `${what}: expected "model" to hold the tokenizer's type and vocabulary, got ${JSON.stringify(tokenizer['model']) ?? 'nothing'}`,
    );
  }
  const vocabulary = vocabularyOf(tokenizer, what);
  const parts = {
    normalizer: tokenizer['normalizer'] ?? null,
    pre_tokenizer: tokenizer['pre_tokenizer'] ?? null,
    model: tokenizer['model'],
    post_processor: tokenizer['post_processor'] ?? null,
    added_tokens: tokenizer['added_tokens'] ?? [],
  };
  // the rest of tokenizer_config.json has no say in ids
  const library = understood(what, () => {
    const made = new Library(
      { ...parts, decoder: tokenizer['decoder'] ?? null },
      { clean_up_tokenization_spaces: false },
    );
    made.encode('A probe.');
    return made;
  });
  const unigram = Array.isArray((parts.model as { vocab?: unknown }).vocab);
  const cuts = hasWordCuts({ ...parts });
  const anchor = [...vocabulary].find(([, token]) => /^[A-Za-z]$/.test(token))?.[0];

  function whole(text: string): Int32Array {
    const pieces = unigram ? unigramPieces(text) : [text];
    const ids = pieces.flatMap((piece) => library.encode(piece, { add_special_tokens: false }).ids);
    if (ids.includes(undefined as never)) {
      throw new CheckpointError(`${what}: it has no token for a part of a text, and none that stands for the unknown`);
    }
    return Int32Array.from(ids);
  }

  function decode(ids: ArrayLike<number>): string {
    const known = Array.from(ids).filter((id) => vocabulary.has(id));
    return known.length === 0 ? '' : library.decode(known);
  }

  return {
    hash: createHash('sha256').update(JSON.stringify(parts)).digest('hex'),
    notes: unigram
      ? [`${what}: a Unigram tokenizer; the ids of 1 to 2 % of texts differ from those of the original`]
      : [],
    size: [...vocabulary.keys()].reduce((most, id) => Math.max(most, id), -1) + 1,
    specials: understood(what, () => specialsOf(library)),

    encode(text, enough) {
      if (enough === undefined || !cuts) return whole(text);
      for (let length = enough * CHARS_PER_TOKEN; length < text.length; length *= 4) {
        const cut = wordCut(text, length);
        if (cut === undefined) break;
        const ids = whole(text.slice(0, cut));
        if (ids.length >= enough) return ids;
      }
      return whole(text);
    },

    decode,

    piece(id) {
      if (!vocabulary.has(id)) return `[${id}]`;
      if (anchor === undefined) return decode([id]);
      return decode([anchor, id]).slice(decode([anchor]).length);
    },
  };
}

/** Stands for a text in what a post-processor makes of it. */
const PROBE = '\0text\0';

function specialsOf(library: Library): Tokenizer['specials'] {
  const around: readonly string[] = library.post_processor?.post_process([PROBE], null, true).tokens ?? [PROBE];
  const at = around.indexOf(PROBE);
  const ids = around.map((token: string) => (token === PROBE ? 0 : library.token_to_id(token)));
  if (at === -1 || ids.includes(undefined)) throw new Error('its post-processor adds tokens that it does not know');
  return { before: ids.slice(0, at) as number[], after: ids.slice(at + 1) as number[] };
}

/** Cut before spaces, so that a piece begins as a word would within the text. */
function unigramPieces(text: string): readonly string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = start + MAX_UNIGRAM_PIECE;
    const space = end < text.length ? text.lastIndexOf(' ', end) : text.length;
    const cut = space > start ? space : end;
    pieces.push(text.slice(start, cut));
    start = cut;
  }
  return pieces;
}

function understood<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new CheckpointError(`${what}: cannot be used: ${error instanceof Error ? error.message : error}`);
  }
}
