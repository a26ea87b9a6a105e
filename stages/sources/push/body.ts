/** The bytes of a request, undone, within a cap that holds for them as they come and as they unpack. */
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { Refusal } from './refusal.ts';

const DECODERS: Readonly<Record<string, (() => Transform) | undefined>> = {
  identity: undefined,
  gzip: () => zlib.createGunzip(),
  zstd: () => zlib.createZstdDecompress(),
};

export interface Headers {
  /** Content-Encoding */
  readonly encoding: string | undefined;
  /** Content-Length */
  readonly length: string | undefined;
}

/** @throws Refusal 413 above `most` bytes, 415 for another encoding, 400 where it cannot be undone or is cut off */
export async function bodyOf(
  stream: Readable,
  { encoding = 'identity', length }: Headers,
  most: number,
): Promise<Buffer> {
  const name = encoding.trim().toLowerCase();
  if (!Object.hasOwn(DECODERS, name)) {
    throw new Refusal(415, `Content-Encoding: expected gzip, zstd or none, got ${name.slice(0, 40)}`, {
      headers: { 'accept-encoding': 'gzip, zstd' },
    });
  }
  if (length !== undefined && Number(length) > most) throw tooLarge(most);
  const decoder = DECODERS[name]?.();
  const parts: Buffer[] = [];

  async function* capped(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > most) throw tooLarge(most);
      yield chunk;
    }
  }
  async function collect(chunks: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of capped(chunks)) parts.push(chunk);
  }

  try {
    if (decoder === undefined) await pipeline(stream, collect);
    else await pipeline(stream, capped, decoder, collect);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, `the body cannot be read as ${name}: ${(error as Error).message}`);
  }
  return Buffer.concat(parts);
}

function tooLarge(most: number): Refusal {
  return new Refusal(
    413,
    `at most ${most} bytes are taken at a time, packed and unpacked: send the documents in parts`,
    {
      headers: { connection: 'close' },
    },
  );
}
