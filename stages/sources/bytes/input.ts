/** Bytes that can be read from any place on: a file, a pipe, later an object behind http. */
import { open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { ConfigError } from '../../../pipeline/error.ts';

export interface Input {
  /** Its name in cursors and ids: relative to the root of its source, with '/' between folders. */
  readonly name: string;
  /** What the machine knows it by: a path or an address. */
  readonly address: string;
  /** Bytes in all; null where the end is not known. */
  readonly size: number | null;
  /** Of one whose size is null because nobody has asked yet: asks. */
  open?(signal: AbortSignal): Promise<{ readonly size: number | null }>;
  /** Another one where its bytes may have changed; left out where that cannot be told without reading. */
  readonly version?: string;
  /** True where it may be met half-written, and will be read on later: what is cut off at its end is then left. */
  readonly growing?: boolean;
  /** Chunks from byte `from` on; leaving the loop closes what is open. A null-sized input can be read once, from 0. */
  read(from: number, signal: AbortSignal): AsyncIterable<Buffer>;
  /** The bytes in [from, to) that there are, read beside the reading: no progress. Of a pipe there are none. */
  peek(from: number, to: number, signal: AbortSignal): Promise<Buffer>;
}

/** Bytes of one read: what is decompressed of it keeps the event loop for less than about 0.1 s. */
const CHUNK = 256 * 1024;

export function fileInput(path: string, name: string, size: number, version?: string): Input {
  async function* read(from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    signal.throwIfAborted();
    const file = await open(path).catch(unreadable(path));
    try {
      for (let at = from; ; ) {
        signal.throwIfAborted();
        const chunk = Buffer.allocUnsafeSlow(CHUNK);
        const { bytesRead } = await file.read(chunk, 0, CHUNK, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  return {
    name,
    address: path,
    size,
    ...(version === undefined ? {} : { version }),
    read,
    peek: (from, to, signal) => take(read(from, signal), Math.min(to, size) - from),
  };
}

/** A file that this user may not read is a mistake in what was asked for. */
function unreadable(path: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error;
    throw new ConfigError(`${path} cannot be read by this user (${error.code})`, { cause: error });
  };
}

/** The first `length` bytes of these chunks, or as many as there are. */
export async function take(chunks: AsyncIterable<Buffer>, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(Math.max(0, length));
  let taken = 0;
  for await (const chunk of length > 0 ? chunks : []) {
    taken += chunk.copy(bytes, taken);
    if (taken === length) break;
  }
  return taken === bytes.length ? bytes : Buffer.from(bytes.subarray(0, taken));
}

/** `stream` is called when reading starts, so that nothing is taken from a pipe nobody reads. */
export function pipeInput(name: string, stream: () => Readable): Input {
  return {
    name,
    address: name,
    size: null,
    peek: async () => Buffer.alloc(0),
    async *read(from, signal) {
      if (from !== 0)
        throw new RangeError(`${name} is a pipe: it can be read from its start only, not from byte ${from}`);
      signal.throwIfAborted();
      for await (const chunk of addAbortSignal(signal, stream())) yield chunk as Buffer;
    },
  };
}
