/** An ONNX Runtime session on a worker thread of its own; runs are answered in the order asked. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ConfigError } from '../../pipeline/error.ts';
import type { Provider } from './providers.ts';

export interface SessionOptions {
  /** An encoded ONNX model; external data is located from the root of the file system. */
  readonly model: Uint8Array;
  /** In the order of preference. */
  readonly providers: readonly Provider[];
  /** Intra-op threads. Sums may be split by it: the same number gives the same bits. */
  readonly threads: number;
}

export type Feeds = Readonly<
  Record<string, { readonly data: BigInt64Array | Float32Array; readonly dims: readonly number[] }>
>;
export type Results = Readonly<Record<string, { readonly data: Float32Array; readonly dims: readonly number[] }>>;

export interface Session {
  readonly provider: Provider;
  /** What the user should know of how it was opened: providers that are missing here. */
  readonly notes: readonly string[];
  run(feeds: Feeds): Promise<Results>;
  /** Waits for the run that is under way; those behind it are rejected. */
  close(): Promise<void>;
}

export type ToWorker =
  | { readonly kind: 'run'; readonly id: number; readonly feeds: Feeds }
  | { readonly kind: 'close' };
export type FromWorker =
  | { readonly kind: 'open'; readonly provider: Provider; readonly notes: readonly string[] }
  | { readonly kind: 'done'; readonly id: number; readonly results: Results }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'unopened'; readonly message: string; readonly ours: boolean };

/** @throws ConfigError, or an Error, where no provider asked for can load the model: see providers.ts */
export async function openSession(options: SessionOptions): Promise<Session> {
  const worker = new Worker(new URL(`./session-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: options,
  });
  const waiting = new Map<number, PromiseWithResolvers<Results>>();
  let asked = 0;
  let dead: Error | undefined;

  const opened = Promise.withResolvers<{ readonly provider: Provider; readonly notes: readonly string[] }>();
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'open') return opened.resolve(message);
    if (message.kind === 'unopened') {
      return opened.reject(
        message.ours ? new Error(`ONNX Runtime: ${message.message}`) : new ConfigError(message.message),
      );
    }
    const run = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === 'done') run?.resolve(message.results);
    else run?.reject(new Error(`ONNX Runtime: ${message.message}`));
  });
  const die = (error: Error) => {
    dead ??= error;
    opened.reject(dead);
    for (const run of waiting.values()) run.reject(dead);
    waiting.clear();
  };
  worker.on('error', die);
  const ended = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      die(new Error(`the session's worker thread ended with code ${code}`));
      resolve();
    });
  });

  try {
    const { provider, notes } = await opened.promise;
    return {
      provider,
      notes,

      run(feeds) {
        if (dead !== undefined) return Promise.reject(dead);
        const id = asked++;
        const run = Promise.withResolvers<Results>();
        waiting.set(id, run);
        worker.postMessage({ kind: 'run', id, feeds } satisfies ToWorker);
        return run.promise;
      },

      async close() {
        if (dead !== undefined) return;
        worker.postMessage({ kind: 'close' } satisfies ToWorker); // to terminate it within a run aborts the process
        await ended;
      },
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}
