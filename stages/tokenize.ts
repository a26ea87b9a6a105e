/** Cuts a document into windows of token ids, and says which of their tokens are scored. */
import { type Outcome, Reject, type Stage } from '../pipeline/contract.ts';
import { ConfigError } from '../pipeline/error.ts';
import { provenanceOf } from '../schemas/provenance.ts';
import type { Document, Tokens } from '../schemas/types.ts';
import type { Tokenizer } from './checkpoint/tokenizer.ts';
import type { Prompt } from './classification.ts';

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
  /** Of a classifier: what stands before and after a text, in the one window of it, which ends with a label still to come. */
  readonly prompt?: Prompt | undefined;
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
  if (options.prompt !== undefined) return prompted(tokenizer, options, options.prompt);
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

/**
 * A document is one window: what stands before it, as much of the text as leaves room for the rest and for the label, and what stands
 * after it. What is scored is the token behind the window.
 */
function prompted(tokenizer: Tokenizer, options: TokenizeOptions, { before, after }: Prompt): Stage<Document, Tokens> {
  const start = [...bosOf(tokenizer, options), ...before];
  const room = options.window - start.length - after.length - 1;
  if (room < 1) {
    throw new ConfigError(
      `window of ${options.window} tokens: expected at least ${options.window - room + 1}, the template's and one of a text and a label`,
    );
  }
  function tokenizeOne(document: Document): Outcome<Tokens> {
    const { key, id, url, text } = document;
    const encoded = tokenizer.encode(text, room);
    if (encoded.length === 0) return new Reject('too-short', '0 tokens; expected at least 1 beside the template');
    const ids = Int32Array.from([...start, ...encoded.subarray(0, room), ...after]);
    const lengths = Int32Array.of(ids.length);
    return [{ key, id, url, text, ids, lengths, firsts: lengths, ...provenanceOf(document) }];
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
