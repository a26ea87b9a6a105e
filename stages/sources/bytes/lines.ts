import { release } from './release.ts';

/** One line of a content, without its end. */
export interface Line {
  /** Its bytes [from, to) of the content; its end ('\n') counted. */
  readonly from: number;
  readonly to: number;
  /** The bytes; of a line longer than allowed, its beginning. */
  readonly bytes: Buffer;
  readonly tooLong: boolean;
  /** False where the content ends without a '\n'. */
  readonly ended: boolean;
}

const NEWLINE = 0x0a;

/** What is kept of a line that is too long. */
const HEAD = 64 << 10;

/**
 * Splits at '\n'. The chunks are given away: of a line that is passed over, they are let go. A line above `max` bytes is not held: its beginning is, and the rest counted. `from` is
 * the first byte's place.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, from: number, max: number): AsyncGenerator<Line> {
  let start = from;
  let parts: Buffer[] = [];
  let length = 0;

  function take(bytes: Buffer): void {
    length += bytes.length;
    if (length <= max) {
      parts.push(bytes);
      return;
    }
    const passed = [...parts, bytes];
    if (parts.length !== 1 || parts[0]!.length !== HEAD) parts = [Buffer.concat(passed, Math.min(length, HEAD))];
    for (const part of passed) release(part);
  }

  function finish(end: 0 | 1): Line {
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const line = { from: start, to: start + length + end, bytes, tooLong: length > max, ended: end === 1 };
    start = line.to;
    parts = [];
    length = 0;
    return line;
  }

  for await (const chunk of chunks) {
    let at = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, at)) {
      take(chunk.subarray(at, end));
      yield finish(1);
      at = end + 1;
    }
    if (at < chunk.length) take(chunk.subarray(at));
  }
  if (length > 0) yield finish(0);
}
