import { Reject, type RejectCode } from '../../../pipeline/contract.ts';
import type { Window } from '../bytes/window.ts';
import { indexOfVersion, MAX_HEAD, parseHead, VERSION, VERSION_LINE_BYTES, type WarcRecord } from './record.ts';

/** A record, or what cannot be read as one; `at` is the place of its first byte. */
export type Framed = { readonly at: number } & (
  | { readonly record: WarcRecord }
  | { readonly reject: Reject; readonly bytes: Buffer }
);

export interface Limits {
  /** Bytes of a record's block; larger ones are rejected and passed over. */
  readonly block: number;
  /** Bytes passed over in search of the next record before the rest is given up. */
  readonly skip: number;
}

/** What is kept of bytes that cannot be read. */
const KEPT = 64 << 10;

/**
 * The records from `from` on. Where what stands behind one cannot follow a record, its Content-Length is wrong: it is
 * rejected, and the next one is looked for behind its head. Nothing is passed over that no reject speaks of.
 */
export async function* recordsOf(window: Window, from: number, limits: Limits): AsyncGenerator<Framed> {
  for (let at: number | undefined = await pastLineEnds(window, from); at !== undefined; ) {
    const held = await window.view(at, MAX_HEAD);
    if (held.length === 0) return;
    const head = parseHead(held);
    if (head instanceof Reject) {
      const next = await search(window, at + 1, limits.skip);
      yield rejected(at, head.code, head.reason, held, next);
      at = next.at;
      continue;
    }

    const length = head.headBytes + head.blockBytes;
    if (head.blockBytes > limits.block) {
      const next = await pass(window, at + head.headBytes, at + length, limits.skip);
      const reason = `the block has ${head.blockBytes} bytes, at most ${limits.block} are read`;
      yield rejected(at, 'too-large', reason, held, next);
      at = next.at;
      continue;
    }

    const all: Buffer = await window.view(at, length + LOOK_AHEAD);
    if (
      all.length >= length &&
      mayFollow(all.subarray(length, length + LOOK_AHEAD), all.subarray(head.headBytes, length))
    ) {
      const bytes = all.subarray(0, length);
      yield { at, record: { headers: head.headers, block: bytes.subarray(head.headBytes), bytes } };
      at = await pastLineEnds(window, at + length);
      continue;
    }

    const next = await search(window, at + head.headBytes, limits.skip);
    const [code, reason] =
      all.length < length
        ? (['truncated-record', `of ${length} bytes, ${all.length} are there`] as const)
        : (['malformed-record', `what follows a Content-Length of ${head.blockBytes} is no record`] as const);
    yield rejected(at, code, reason, all, next);
    at = next.at;
  }
}

interface Next {
  /** Where it begins; undefined where there is none. */
  readonly at: number | undefined;
  readonly how: string;
}

function rejected(at: number, code: RejectCode, reason: string, bytes: Buffer, next: Next): Framed {
  const kept = Math.min(KEPT, (next.at ?? Infinity) - at);
  return { at, reject: new Reject(code, `${reason}; ${next.how}`), bytes: Buffer.from(bytes.subarray(0, kept)) };
}

/** The line ends that should stand between two records (two CRLF), more than that, and the beginning of a record. */
const LOOK_AHEAD = 16;

const NOTHING = Buffer.alloc(0);
const TWO_LINE_ENDS = Buffer.from('\r\n\r\n');

function isLineEnd(byte: number | undefined): boolean {
  return byte === 0x0d || byte === 0x0a;
}

/**
 * Whether these bytes can stand behind a record: line ends, then another record or nothing. Where two CRLF are followed by
 * something else, the record is taken for sound and what follows for damaged, unless `block` holds the start of a record.
 */
function mayFollow(bytes: Buffer, block: Buffer): boolean {
  let at = 0;
  while (isLineEnd(bytes[at])) at++;
  const begin = bytes.subarray(at, at + VERSION.length);
  if (begin.equals(VERSION.subarray(0, begin.length))) return true;
  return bytes.subarray(0, TWO_LINE_ENDS.length).equals(TWO_LINE_ENDS) && indexOfVersion(block) === -1;
}

async function pastLineEnds(window: Window, from: number): Promise<number> {
  for (let at = from; ; ) {
    const held = await window.view(at, 1);
    let ends = 0;
    while (isLineEnd(held[ends])) ends++;
    at += ends;
    if (ends === 0 || ends < held.length) return at;
  }
}

/** Bytes looked through at once. */
const STEP = 64 << 10;

/** The next record, at `from` or after. */
async function search(window: Window, from: number, limit: number): Promise<Next> {
  for (let at = from; ; ) {
    const held = await window.view(at, STEP);
    const found = indexOfVersion(held);
    if (found !== -1) return { at: at + found, how: `the next record begins ${at + found - from} bytes further on` };
    if (held.length < STEP) return { at: undefined, how: 'no other record follows' };
    at += held.length - VERSION_LINE_BYTES + 1;
    if (at - from > limit) return { at: undefined, how: `no other record within ${limit} bytes, the rest is given up` };
  }
}

/** Past a block that is not read, to the record behind it. */
async function pass(window: Window, blockAt: number, end: number, limit: number): Promise<Next> {
  if (!window.rewinds && end - blockAt > limit) return { at: undefined, how: 'the rest of the member is given up' };
  const held = await window.view(end - 1, 1 + LOOK_AHEAD);
  if (held.length > 0 && mayFollow(held.subarray(1, 1 + LOOK_AHEAD), NOTHING)) {
    const at = await pastLineEnds(window, end);
    return { at, how: 'what follows it is read' };
  }
  return await search(window, window.rewinds ? blockAt : end, limit);
}
