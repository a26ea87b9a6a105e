/** The server in a thread of its own: a scan goes on at its speed, whoever asks. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ConfigError } from '../error.ts';
import type { ServeOptions, Server } from './server.ts';

export type ToThread = 'close';
export type FromThread =
  | { readonly kind: 'open'; readonly url: string }
  | { readonly kind: 'unopened'; readonly message: string; readonly ours: boolean }
  | { readonly kind: 'fault'; readonly message: string };

/** @throws ConfigError as serve does */
export async function serveInThread(options: ServeOptions, onFault: (message: string) => void): Promise<Server> {
  const worker = new Worker(new URL(`./thread-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: options,
  });
  const opened = Promise.withResolvers<string>();
  worker.on('message', (message: FromThread) => {
    if (message.kind === 'open') opened.resolve(message.url);
    else if (message.kind === 'fault') onFault(message.message);
    else opened.reject(message.ours ? new Error(message.message) : new ConfigError(message.message));
  });
  worker.on('error', (error) => {
    opened.reject(error);
    onFault(String(error)); // the scan goes on without it
  });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const url = await opened.promise;
  worker.unref(); // it keeps no process alive whose work is done
  return {
    url,
    async close() {
      worker.ref();
      worker.postMessage('close' satisfies ToThread);
      await ended;
    },
  };
}
