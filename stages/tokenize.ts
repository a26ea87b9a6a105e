/** Cuts a document into windows of token ids, and says which of their tokens are scored. */
import { type Outcome, Reject, type Stage } from '../pipeline/contract.ts';
import { ConfigError } from '../pipeline/error.ts';
import { provenanceOf } from '../schemas/provenance.ts';
import type { Document, Tokens } from '../schemas/types.ts';
import type { Tokenizer } from './checkpoint/tokenizer.ts';

export interface TokenizeOptions {
  /** auto: what the tokenizer itself puts before a text; always: exactly one `bosId`; never: nothing. */
  readonly bos: 'auto' | 'always' | 'never';
  /** The config's BOS token, needed for `always`. */
  readonly bosId?: number | undefined;
  /** Tokens of a window, the BOS counted. */
  readonly window: number;
  /** Text tokens from one window's start to the next's; by default those of a window. */
  readonly stride?: number | undefined;
  /** Windows of a document, from its start; 0 takes all. */
  readonly maxWindows: number;
}

/**
 * Every window begins with the BOS where there is one. A window of L tokens can score its positions 2..L (the first one has
 * nothing to be predicted from), and scores those of them that no earlier window scored: overlapping windows give a token more
 * context and never count it twice.
 *
 * Rejects a document of fewer than 2 tokens, BOS counted: there is nothing to predict.
 *
 * @throws ConfigError at once where `always` has no BOS to give, or no text fits beside the BOS
 */
export function tokenize(tokenizer: Tokenizer, options: TokenizeOptions): Stage<Document, Tokens> {
  const before = bosOf(tokenizer, options);
  const room = options.window - before.length;
  if (room < 1 || options.window < 2) {
    throw new ConfigError(`window of ${options.window} tokens: expected at least ${Math.max(2, before.length + 1)}`);
  }
  const stride = options.stride ?? room;
  const most = options.maxWindows === 0 ? Number.POSITIVE_INFINITY : options.maxWindows;
  /** Text tokens that the windows can reach, and one for a BOS that the text itself begins with. */
  const enough = Number.isFinite(most) ? (most - 1) * stride + room + 1 : undefined;

  function tokenizeOne(document: Document): Outcome<Tokens> {
    const { key, id, url, text } = document;
    const encoded = tokenizer.encode(text, enough);
    const ids = options.bos === 'always' && encoded[0] === options.bosId ? encoded.subarray(1) : encoded;
    const windows = windowsOf(ids.length);
    if (windows.length === 0) {
      const count = before.length + ids.length;
      return new Reject('too-short', `${count} ${count === 1 ? 'token' : 'tokens'}; expected at least 2`);
    }
    return [
      {
        key,
        id,
        url,
        text,
        ids: Int32Array.from(windows.flatMap(({ from, to }) => [...before, ...ids.subarray(from, to)])),
        lengths: Int32Array.from(windows, ({ from, to }) => before.length + to - from),
        firsts: Int32Array.from(windows, ({ first }) => first),
        ...provenanceOf(document),
      },
    ];
  }

  /** Windows over n text tokens: text tokens [from, to), and the first index in the window that is scored. */
  function windowsOf(n: number): readonly { readonly from: number; readonly to: number; readonly first: number }[] {
    const windows = [];
    let scored = 0; // text tokens before this one are done with
    for (let from = 0; windows.length < most && from < n && scored < n; from += stride) {
      const to = Math.min(from + room, n);
      const first = from === 0 ? 1 : Math.max(1, before.length + scored - from);
      if (first < before.length + to - from) windows.push({ from, to, first });
      scored = to;
    }
    return windows;
  }

  return { name: 'tokenize', process: (batch) => batch.map(tokenizeOne) };
}

/** Ids that every window begins with. */
export function bosOf(tokenizer: Tokenizer, { bos, bosId }: TokenizeOptions): readonly number[] {
  if (bos === 'never') return [];
  if (bos === 'auto') return tokenizer.specials.before;
  if (bosId === undefined) {
    throw new ConfigError('--bos always: config.json of the base names no bos_token_id; use auto or never');
  }
  return [bosId];
}
