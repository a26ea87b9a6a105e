export interface Body {
  /** `max` of them, where there are more. */
  readonly bytes: Buffer;
  readonly more: boolean;
}

/** The bytes of a body, at most `max`; what comes after them is not waited for. */
export async function bodyWithin(body: AsyncIterable<Buffer>, max: number): Promise<Body> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    pieces.push(piece);
    length += piece.length;
    if (length > max) break;
  }
  return { bytes: Buffer.concat(pieces, Math.min(length, max)), more: length > max };
}
