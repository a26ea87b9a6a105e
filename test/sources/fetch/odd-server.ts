/** A local http server that misbehaves on request, and tells what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface OddServer {
  /** http://127.0.0.1:PORT */
  readonly origin: string;
  /** 127.0.0.1:PORT */
  readonly host: string;
  /** What is at a path from now on. */
  on(path: string, handler: Handler): void;
  /** A file that is served by ranges, with an ETag. */
  file(path: string, bytes: Uint8Array, headers?: Readonly<Record<string, string>>): void;
  /** Paths and ranges of the requests so far. */
  readonly asked: { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
}

/** Ends with the tests of the file. */
export async function oddServer(): Promise<OddServer> {
  const handlers = new Map<string, Handler>();
  const asked: OddServer['asked'] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push({ path, headers: request.headers });
    const handler = handlers.get(path) ?? handlers.get(path.replace(/\?.*/, ''));
    if (handler === undefined) response.writeHead(404).end();
    else handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin: `http://${host}`,
    host,
    asked,
    on: (path, handler) => handlers.set(path, handler),
    file: (path, bytes, headers) => handlers.set(path, ranged(bytes, headers)),
  };
}

/** RFC 9110, 14: one range, and only while If-Range holds. */
export function ranged(bytes: Uint8Array, headers: Readonly<Record<string, string>> = { etag: '"1"' }): Handler {
  return (request, response) => {
    const { range, 'if-range': condition } = request.headers;
    const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
    if (match === null || (condition !== undefined && condition !== headers['etag'])) {
      response.writeHead(200, { 'content-length': bytes.length, ...headers }).end(bytes);
      return;
    }
    const from = Number(match[1]);
    const to = Math.min(bytes.length, match[2] === '' ? bytes.length : Number(match[2]) + 1);
    if (from >= to) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
      return;
    }
    const said = { 'content-range': `bytes ${from}-${to - 1}/${bytes.length}`, 'content-length': to - from };
    response.writeHead(206, { ...said, ...headers }).end(bytes.subarray(from, to));
  };
}

/** The first `bad` requests go to one handler, the rest to another. */
export function firstThen(bad: number, first: Handler, then: Handler): Handler {
  let requests = 0;
  return (request, response) => (requests++ < bad ? first : then)(request, response);
}
