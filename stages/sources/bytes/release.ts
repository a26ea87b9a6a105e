/** Smaller ones are not worth it, and may be parts of what others hold. */
const LARGE = 128 << 10;

/**
 * Gives back the memory of a chunk that nobody will look at again, at once: it is empty afterwards. Left to the garbage collector,
 * chunks of a long line that is passed over pile up, and the whole heap is searched for every few of them, which takes longer
 * than to unpack them. What is part of a larger buffer is left.
 */
export function release(chunk: Buffer): void {
  const { buffer, length } = chunk;
  if (length >= LARGE && length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
