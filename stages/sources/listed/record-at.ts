import { Reject } from '../../../pipeline/contract.ts';
import type { Input } from '../bytes/input.ts';
import { chunkWindow, memoryWindow } from '../bytes/window.ts';
import { frame, type Placed } from '../warc/framing.ts';
import type { Hit } from './hit.ts';

/** The record that an index points at, or what is wrong there. */
export async function recordAt(
  input: Input,
  { offset, length }: Pick<Hit, 'offset' | 'length'>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Placed> {
  if (length !== null && length > maxBytes) {
    const reason = `the record has ${length} bytes as stored, at most ${maxBytes} are read`;
    return { member: 0, index: 0, reject: new Reject('too-large', reason), bytes: Buffer.alloc(0) };
  }
  const window =
    length === null
      ? chunkWindow((from) => input.read(offset + from, signal), true)
      : memoryWindow(await input.peek(offset, offset + length, signal));
  try {
    for await (const placed of frame(window, 0, maxBytes)) return placed;
  } finally {
    await window.close();
  }
  const reject = new Reject('truncated-record', `there are no bytes at ${offset} of ${input.name}`);
  return { member: 0, index: 0, reject, bytes: Buffer.alloc(0) };
}
