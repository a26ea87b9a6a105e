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
  /** Bytes [start, end); empty where whoever saw it has let it go. */
  let held = NOTHING;
  let [start, end] = [0, 0];

  async function next(): Promise<Buffer | undefined> {
    chunks ??= read(start)[Symbol.asyncIterator]();
    const { done, value } = await chunks.next();
    return done === true ? undefined : value;
  }

  async function reopen(at: number): Promise<void> {
    await close();
    held = NOTHING;
    [start, end] = [at, at];
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
      const isBehind = at < start || (at < end && held.length < end - start);
      if (isBehind && !rewinds) throw new RangeError(`byte ${at} lies before the window, which starts at ${start}`);
      if (isBehind || (at > end && rewinds)) await reopen(at);
      while (at > end) {
        const chunk = await next();
        if (chunk === undefined) return NOTHING;
        [start, end, held] = [end, end + chunk.length, chunk];
      }

      const parts = at < end ? [held.subarray(at - start)] : [];
      let length = end - at;
      while (length < want) {
        const chunk = await next();
        if (chunk === undefined) break;
        parts.push(chunk);
        length += chunk.length;
      }
      held = parts.length === 1 ? parts[0]! : Buffer.concat(parts, length);
      [start, end] = [at, at + length];
      return held;
    },
  };
}
