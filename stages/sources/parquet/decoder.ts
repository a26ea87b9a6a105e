/** hyparquet in a thread of its own, which is ended where it does not come to an end, or takes too much memory. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RejectCode } from '../../../pipeline/contract.ts';
import { Damage } from '../bytes/damage.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface Footer {
  /** Names of the columns at the top level. */
  readonly columns: readonly string[];
  /** Of each row group its rows, the bytes of the file that its columns take, and what each column unpacks to. */
  readonly groups: readonly {
    readonly rows: number;
    readonly offset: number;
    readonly length: number;
    readonly unpacked: readonly number[];
  }[];
}

export type Ask =
  | { readonly kind: 'footer'; readonly size: number }
  | {
      readonly kind: 'rows';
      readonly size: number;
      /** Number of the group that holds the rows: what is read of it is kept until another one is asked for. */
      readonly group: number;
      readonly from: number;
      readonly to: number;
      readonly columns: readonly string[];
      readonly maxBytes: number;
    };
export type ToDecoder = Ask | { readonly kind: 'bytes'; readonly id: number; readonly bytes: ArrayBuffer };
export type FromDecoder =
  | { readonly kind: 'read'; readonly id: number; readonly from: number; readonly to: number }
  | { readonly kind: 'done'; readonly result: Footer | readonly Row[] }
  | { readonly kind: 'damaged'; readonly code: RejectCode; readonly message: string };

/** A buffer of its own memory, which is handed over to the thread. */
export type Read = (from: number, to: number) => Promise<Buffer>;

/** What decoding may take, in ms of the processor, and the bytes for which it may take 1 ms more: a tenth of a slow one's pace. */
const PATIENCE = 1000;
const PACE = 4 << 10;
/**
 * How often memory is looked at, in ms, and the MiB above what is allowed that may come in between: where a thread meets V8's
 * own limit in one leap, V8 ends the whole process.
 */
const LOOK = 50;
const LEAP = 4096;

export interface Decoder {
  /**
   * One at a time; bytes of the file come from `read`. Close it where that fails, or `signal` aborts: both are passed on.
   *
   * @throws Damage where the file is at fault; the next call starts a new thread where that one had to be ended
   */
  ask(question: Ask, read: Read): Promise<Footer | readonly Row[]>;
  close(): Promise<void>;
}

/** @param heap MiB of memory for what is decoded */
export function openDecoder(heap: number, signal: AbortSignal): Decoder {
  let worker: Worker | undefined;

  async function close(): Promise<void> {
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  }

  function start(): Worker {
    const started = new Worker(new URL(`./decoder-worker${extname(import.meta.url)}`, import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heap + LEAP },
    });
    return started.on('error', () => {
      worker = undefined;
    });
  }

  async function ask(question: Ask, read: Read): Promise<Footer | readonly Row[]> {
    worker ??= start();
    const thread = worker;
    const { promise, resolve, reject } = Promise.withResolvers<Footer | readonly Row[]>();
    let patience = PATIENCE;
    let begun: number | undefined;

    async function serve(id: number, from: number, to: number): Promise<void> {
      const found = await read(from, to);
      const whole = found.byteOffset === 0 && found.buffer.byteLength === found.length;
      const bytes = (whole ? found.buffer : new Uint8Array(found).buffer) as ArrayBuffer;
      patience += bytes.byteLength / PACE;
      thread.postMessage({ kind: 'bytes', id, bytes } satisfies ToDecoder, [bytes]);
    }

    function giveUp(damage: Damage): void {
      reject(damage);
      void close();
    }

    async function look(): Promise<void> {
      const [{ used_heap_size: used }, { user, system }] = await Promise.all([
        thread.getHeapStatistics(),
        thread.cpuUsage(),
      ]);
      const spent = (user + system) / 1000;
      begun ??= spent;
      if (spent - begun > patience) giveUp(new Damage('corrupt-member', 'reading it does not come to an end'));
      if (used > heap * 2 ** 20) giveUp(new Damage('too-large', `reading it takes more than ${heap} MiB of memory`));
    }

    function onMessage(message: FromDecoder): void {
      if (message.kind === 'read') serve(message.id, message.from, message.to).catch(reject);
      else if (message.kind === 'done') resolve(message.result);
      else reject(new Damage(message.code, message.message));
    }

    const onAbort = () => reject(signal.reason);
    thread.on('message', onMessage).on('error', reject);
    signal.addEventListener('abort', onAbort);
    const watch = setInterval(() => look().catch(() => undefined), LOOK); // a thread that has ended has no statistics
    try {
      signal.throwIfAborted();
      thread.postMessage(question satisfies ToDecoder);
      return await promise;
    } finally {
      clearInterval(watch);
      signal.removeEventListener('abort', onAbort);
      thread.off('message', onMessage).off('error', reject);
    }
  }

  return { ask, close };
}
