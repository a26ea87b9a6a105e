import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';

export interface Served {
  readonly url: string;
  /** Range header of every request so far. */
  readonly asked: readonly (string | undefined)[];
}

/** A server that answers as `handle` does, closed after the test. */
export async function serve(handle: RequestListener): Promise<Served> {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.range);
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`, asked };
}
