/** The thread's side of html-thread.ts. */
import { parentPort } from 'node:worker_threads';
import { readHtml } from './html.ts';
import type { FromHtmlThread, ToHtmlThread } from './html-thread.ts';

const port = parentPort!;

port.on('message', ({ html, options }: ToHtmlThread) => {
  let found: FromHtmlThread;
  try {
    found = { page: readHtml(html, options) };
  } catch (error) {
    found = { fault: (error as Error).message };
  }
  port.postMessage(found);
});
