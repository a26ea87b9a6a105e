/** HTML to text in threads of their own: a page that does not come to an end, or takes too much memory, is cut off alone. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Reject } from '../../../pipeline/contract.ts';
import type { HtmlOptions, HtmlPage } from './html.ts';

export interface ToHtmlThread {
  readonly html: string;
  readonly options: HtmlOptions;
}
export type FromHtmlThread = { readonly page: HtmlPage } | { readonly fault: string };

/** What a page may take of the processor, in ms; one of 8 MiB, whatever it holds, takes half a second. */
const PATIENCE = 1000;
/** How often that is looked at, in ms. */
const LOOK = 100;
/** MiB of memory that V8 may take for a page; where it takes more, the thread ends. */
const HEAP = 512;

export interface HtmlThreads {
  /** Calls may overlap, and resolve in any order. */
  read(html: string, options: HtmlOptions): Promise<HtmlPage | Reject>;
  /** Ends the threads; what is under way is never resolved. */
  close(): Promise<void>;
}

export interface HtmlThreadsOptions {
  readonly patience?: number;
  readonly heap?: number;
  /** The thread's module; left out, the one beside this. */
  readonly module?: URL;
}

interface Job extends ToHtmlThread {
  readonly resolve: (page: HtmlPage | Reject) => void;
}

/** A thread starts with the first page, and keeps no process from ending when it has none. */
export function openHtmlThreads(count: number, options: HtmlThreadsOptions = {}): HtmlThreads {
  const threads = Array.from({ length: count }, () => htmlThread(options));
  return {
    read(html, how) {
      const least = threads.reduce((a, b) => (b.load() < a.load() ? b : a));
      return least.read(html, how);
    },
    close: async () => void (await Promise.all(threads.map((thread) => thread.close()))),
  };
}

function htmlThread({ patience = PATIENCE, heap = HEAP, module }: HtmlThreadsOptions) {
  const url = module ?? new URL(`./html-thread-worker${extname(import.meta.url)}`, import.meta.url);
  const jobs: Job[] = []; // all of them posted; the first is under way
  let load = 0;
  let worker: Worker | undefined;
  let begun: number | undefined; // ms of the processor, when the first job was looked at
  let watch: NodeJS.Timeout | undefined;

  function start(): Worker {
    const started = new Worker(url, { resourceLimits: { maxOldGenerationSizeMb: heap } });
    started.on('message', (found: FromHtmlThread) => {
      settle('page' in found ? found.page : unparsable(found.fault));
    });
    started.on('error', (error: NodeJS.ErrnoException) => {
      const isFull = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      if (worker === started) restart(isFull ? `reading it takes more than ${heap} MiB of memory` : error.message);
    });
    for (const job of jobs) post(started, job);
    return started;
  }

  function settle(outcome: HtmlPage | Reject): void {
    const job = jobs.shift()!;
    load -= job.html.length;
    begun = undefined;
    if (jobs.length === 0) rest();
    job.resolve(outcome);
  }

  function rest(): void {
    worker?.unref();
    clearInterval(watch);
    watch = undefined;
  }

  /** The first job is at fault; the others begin anew. */
  function restart(fault: string): void {
    const ended = worker;
    worker = undefined;
    void ended?.terminate();
    settle(unparsable(fault));
    if (jobs.length > 0) worker = start();
  }

  async function look(): Promise<void> {
    const looked = worker;
    const job = jobs[0];
    if (looked === undefined) return;
    const { user, system } = await looked.cpuUsage();
    if (worker !== looked || jobs[0] !== job) return;
    const spent = (user + system) / 1000;
    begun ??= spent;
    if (spent - begun > patience) restart('reading it does not come to an end');
  }

  return {
    load: () => load,

    read(html: string, options: HtmlOptions): Promise<HtmlPage | Reject> {
      const { promise, resolve } = Promise.withResolvers<HtmlPage | Reject>();
      const job = { html, options, resolve };
      jobs.push(job);
      load += html.length;
      if (worker === undefined) worker = start();
      else post(worker, job);
      worker.ref();
      watch ??= setInterval(() => look().catch(() => undefined), LOOK); // a thread that has ended is not looked at
      return promise;
    },

    async close(): Promise<void> {
      const ended = worker;
      worker = undefined;
      rest();
      await ended?.terminate();
    },
  };
}

function post(worker: Worker, { html, options }: ToHtmlThread): void {
  worker.postMessage({ html, options } satisfies ToHtmlThread);
}

function unparsable(reason: string): Reject {
  return new Reject('unparsable-html', reason);
}
