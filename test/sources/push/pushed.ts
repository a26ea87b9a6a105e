/** An http-push source that is read while it is tested. */

import type { Crawled, Source, SourceTools } from '../../../pipeline/contract.ts';
import { sourceTools } from '../../../pipeline/crawl/source-tools.ts';
import { environmentOf } from '../../../pipeline/environment.ts';
import { httpPush } from '../../../stages/sources/http-push.ts';

export const TOKEN = 'a-token-of-the-tests';

export interface Pushed {
  readonly url: string;
  /** Records as they come. */
  readonly records: readonly Crawled[];
  /** Resolves when so many were read. */
  read(count: number): Promise<void>;
  close(): Promise<void>;
}

export function pushSource(settings: object, tools: Partial<SourceTools> = {}): Source {
  const known = {
    ...sourceTools({
      environment: environmentOf({}, '/', false),
      folder: '/',
      clock: () => Date.now() / 1000,
      note: () => undefined,
    }),
    secret: () => TOKEN,
    ...tools,
  };
  return httpPush.create(httpPush.config.parse(settings), known);
}

/** @param paused nothing is read until `read` is called */
export async function pushed(
  settings: object,
  {
    paused = false,
    cursor,
    tools = {},
  }: { readonly paused?: boolean; readonly cursor?: string; readonly tools?: Partial<SourceTools> } = {},
): Promise<Pushed> {
  const told = Promise.withResolvers<string>();
  const note = (sentence: string) => told.resolve(/http:[^/]*\/\/[^/]*/.exec(sentence)![0]);
  const source = pushSource({ listen: '127.0.0.1:0', ...settings }, { ...tools, note });
  const stop = new AbortController();
  const records: Crawled[] = [];
  const iterator = source.read(cursor, stop.signal)[Symbol.asyncIterator]();
  let next = iterator.next();
  next.catch(told.reject);
  let reading: Promise<void> = Promise.resolve();

  async function readOn(until: number): Promise<void> {
    while (records.length < until) {
      const { done, value } = await next;
      if (done === true) return;
      records.push(value);
      next = iterator.next();
      next.catch(() => undefined);
    }
  }

  const url = await told.promise;
  if (!paused) reading = readOn(Number.POSITIVE_INFINITY).catch(() => undefined);
  return {
    url,
    records,
    async read(count) {
      if (paused) return await readOn(count);
      while (records.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async close() {
      stop.abort();
      await next.catch(() => undefined);
      await reading;
      await iterator.return?.().catch(() => undefined);
    },
  };
}

export interface Sent {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** One document where `what` is an object, else a body as it is; headers of null are left out. */
export async function send(
  url: string,
  what: object | string | Buffer,
  headers: Readonly<Record<string, string | null>> = {},
  path = '/documents',
  method = 'POST',
): Promise<Sent> {
  const plain = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers };
  const body = typeof what === 'string' || Buffer.isBuffer(what) ? what : JSON.stringify(what);
  const response = await fetch(url + path, {
    method,
    headers: Object.fromEntries(Object.entries(plain).filter((entry): entry is [string, string] => entry[1] !== null)),
    ...(method === 'GET' || method === 'HEAD' ? {} : { body: body as string | Buffer<ArrayBuffer> }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}
