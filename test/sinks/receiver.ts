/** A server that sinks post to, and what was posted. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { after } from 'node:test';
import type { SinkTools } from '../../pipeline/contract.ts';

export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  /** host:port */
  readonly host: string;
  readonly url: string;
  readonly posted: readonly Posted[];
}

/** @param answer by default 204 */
export async function receiver(
  answer: (response: ServerResponse, posted: Posted) => void = (response) => response.writeHead(204).end(),
): Promise<Receiver> {
  const posted: Posted[] = [];
  const server = createServer(async (request, response) => {
    const one = { path: request.url!, headers: request.headers, body: await text(request) };
    posted.push(one);
    answer(response, one);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.closeAllConnections());
  after(() => server.close());
  const { port } = server.address() as { readonly port: number };
  return { host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}`, posted };
}

export const NOW = 1_700_000_000_000;

export function tools(folder: string, rest: Partial<SinkTools> = {}): SinkTools {
  const openTopic = () => {
    throw new Error('no cluster');
  };
  return { folder, clock: () => NOW, write: () => undefined, openTopic, ...rest };
}
