/** A window that moves over bytes, most often forwards. */
export interface Window {
  /** Whether it can go back to bytes it has passed. */
  readonly rewinds: boolean;
  /** Bytes from `at` on: `want` of them or more, fewer only where the bytes end. */
  view(at: number, want: number): Promise<Buffer>;
  close(): Promise<void>;
}

const NOTHING: Buffer = Buffer.alloc(0);

export function memoryWindow(bytes: Buffer): Window {
  return {
    rewinds: true,
    view: async (at) => bytes.subarray(at),
    close: async () => {},
  };
}

/**
 * Over chunks that `read` yields from a place on. A window that cannot rewind calls it once, for 0. What lies before the last
 * view's start is let go, so it holds `want` bytes and a chunk.
 */
export function chunkWindow(read: (from: number) => AsyncIterable<Buffer>, rewinds: boolean): Window {
  let chunks: AsyncIterator<Buffer> | undefined;
  let held = NOTHING;
  let start = 0;

  async function next(): Promise<Buffer | undefined> {
    chunks ??= read(start)[Symbol.asyncIterator]();
    const { done, value } = await chunks.next();
    return done === true ? undefined : value;
  }

  async function reopen(at: number): Promise<void> {
    await close();
    held = NOTHING;
    start = at;
  }

  async function close(): Promise<void> {
    const open = chunks;
    chunks = undefined;
    await open?.return?.();
  }

  return {
    rewinds,
    close,

    async view(at, want) {
      if (at < start && !rewinds) throw new RangeError(`byte ${at} lies before the window, which starts at ${start}`);
      if (at < start || (at > start + held.length && rewinds)) await reopen(at);
      while (at > start + held.length) {
        const chunk = await next();
        if (chunk === undefined) return NOTHING;
        start += held.length;
        held = chunk;
      }

      const parts = at < start + held.length ? [held.subarray(at - start)] : [];
      let length = start + held.length - at;
      while (length < want) {
        const chunk = await next();
        if (chunk === undefined) break;
        parts.push(chunk);
        length += chunk.length;
      }
      held = parts.length === 1 ? parts[0]! : Buffer.concat(parts, length);
      start = at;
      return held;
    },
  };
}
