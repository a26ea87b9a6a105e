/** Runs in the thread that thread.ts starts. */
import { parentPort, workerData } from 'node:worker_threads';
import { ConfigError } from '../error.ts';
import { type ServeOptions, serve } from './server.ts';
import type { FromThread } from './thread.ts';

const tell = (message: FromThread) => parentPort!.postMessage(message);

try {
  const { url, close } = await serve(workerData as ServeOptions, '--serve', ({ message }) =>
    tell({ kind: 'fault', message }),
  );
  tell({ kind: 'open', url });
  parentPort!.once('message', () => void close().then(() => parentPort!.close()));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  tell({ kind: 'unopened', message, ours: !(error instanceof ConfigError) });
  parentPort!.close();
}
