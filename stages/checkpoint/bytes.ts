/** Streams of bytes. */

/**
 * The pieces as one array.
 * @throws RangeError where they are not exactly `bytes` together
 */
export async function collect(pieces: AsyncIterable<Uint8Array>, bytes: number): Promise<Uint8Array> {
  const all = new Uint8Array(bytes);
  let at = 0;
  for await (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  if (at !== bytes) throw new RangeError(`${at} bytes, expected ${bytes}`);
  return all;
}

/** Whether two streams hold the same, however they are cut; stops at the first difference. */
export async function equalBytes(a: AsyncIterable<Uint8Array>, b: AsyncIterable<Uint8Array>): Promise<boolean> {
  const others = b[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array();
  try {
    for await (const piece of a) {
      for (let at = 0; at < piece.length; ) {
        if (held.length === 0) {
          const next = await others.next();
          if (next.done) return false;
          held = next.value;
        }
        const length = Math.min(held.length, piece.length - at);
        if (Buffer.compare(held.subarray(0, length), piece.subarray(at, at + length)) !== 0) return false;
        held = held.subarray(length);
        at += length;
      }
    }
    return held.length === 0 && (await others.next()).done === true;
  } finally {
    await others.return?.();
  }
}
