/** A hub and the file store that it redirects to, on two ports of this machine; and what went over either. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';

export interface Request {
  readonly port: number;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** How a server misbehaves; undefined where it does not, for this request. */
export type Fault = (
  request: Request,
  count: number,
) => 'cut' | 'no-ranges' | 'wrong-range' | 'short' | 'compressed' | 'no-etag' | number | undefined;

export interface HubServer {
  readonly hub: string;
  readonly store: string;
  readonly requests: readonly Request[];
  /** Bytes of bodies sent by both. */
  sent(): number;
  reset(fault?: Fault): void;
}

export interface Repository {
  readonly name: string;
  readonly commit: string;
  readonly revisions: readonly string[];
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Needed to read it. */
  readonly token?: string;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const gitHash = (bytes: Uint8Array) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** Closed after the tests of the file. Files of more than 64 KiB are redirected to the store, as large ones are. */
export async function hubServer(repositories: readonly Repository[]): Promise<HubServer> {
  const requests: Request[] = [];
  let sent = 0;
  let fault: Fault = () => undefined;
  /** Hashes as they were when the server was started: bytes that change later are broken. */
  const hashes = new Map(
    repositories.flatMap(({ files }) => [...files.values()]).map((bytes) => [bytes, sha256(bytes)]),
  );
  const blobs = new Map([...hashes].map(([bytes, hash]) => [hash, bytes]));

  const note = (request: IncomingMessage): Request => {
    const noted = {
      port: request.socket.localPort!,
      path: request.url!,
      range: request.headers.range,
      authorization: request.headers.authorization,
    };
    requests.push(noted);
    return noted;
  };

  function send(response: ServerResponse, bytes: Uint8Array, asked: Request, headers: Record<string, string>): void {
    const broken = fault(asked, requests.length);
    if (typeof broken === 'number') return void response.writeHead(broken, { 'retry-after': '0' }).end();
    const match = broken === 'no-ranges' ? null : /^bytes=(\d+)-(\d+)$/.exec(asked.range ?? '');
    const [from, to] =
      match === null ? [0, bytes.length] : [Number(match[1]), Math.min(Number(match[2]) + 1, bytes.length)];
    if (from >= bytes.length && match !== null)
      return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    const body = bytes.subarray(from, broken === 'short' ? Math.min(to, from + 1000) : to);
    const start = broken === 'wrong-range' ? from + 1 : from;
    const ranged = { 'content-range': `bytes ${start}-${start + body.length - 1}/${bytes.length}` };
    response.writeHead(match === null ? 200 : 206, {
      ...(broken === 'no-etag' ? {} : headers),
      ...(match === null ? {} : ranged),
      ...(broken === 'compressed' ? { 'content-encoding': 'gzip' } : {}),
      'content-length': body.length,
    });
    if (broken === 'cut') {
      const half = body.subarray(0, body.length >>> 1);
      sent += half.length;
      response.write(half, () => response.destroy());
      return;
    }
    sent += body.length;
    response.end(body);
  }

  const listen = async (
    handle: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<[Server, string]> => {
    const server = createServer(handle);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    after(() => {
      server.closeAllConnections();
      server.close();
    });
    return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
  };

  const [, store] = await listen((request, response) => {
    const asked = note(request);
    const bytes = blobs.get(asked.path.slice(1).split('?')[0]!);
    if (bytes === undefined) return void response.writeHead(404).end();
    if (asked.authorization !== undefined) return void response.writeHead(400).end('two ways to sign in');
    send(response, bytes, asked, { etag: '"of the store"' });
  });

  const [, hub] = await listen((request, response) => {
    const asked = note(request);
    const [path = ''] = asked.path.split('?');
    const repository = repositories.find(
      ({ name }) => path.startsWith(`/${name}/`) || path.startsWith(`/api/models/${name}/`),
    );
    const refuse = (status: number, code: string) => void response.writeHead(status, { 'x-error-code': code }).end();
    if (repository === undefined) return refuse(404, 'RepoNotFound');
    if (repository.token !== undefined && asked.authorization !== `Bearer ${repository.token}`)
      return refuse(401, 'GatedRepo');
    const { name, commit, revisions, files } = repository;
    if (path.startsWith('/api/')) {
      const revision = decodeURIComponent(path.slice(`/api/models/${name}/revision/`.length));
      if (revision !== commit && !revisions.includes(revision)) return refuse(404, 'RevisionNotFound');
      return send(response, Buffer.from(JSON.stringify({ id: name, sha: commit })), asked, {});
    }
    const file = path.slice(`/${name}/resolve/${commit}/`.length);
    const bytes = path.startsWith(`/${name}/resolve/${commit}/`) ? files.get(file) : undefined;
    if (bytes === undefined) return refuse(404, 'EntryNotFound');
    if (bytes.length <= 64 << 10)
      return send(response, bytes, asked, { etag: `"${gitHash(bytes)}"`, 'x-repo-commit': commit });
    const hash = hashes.get(bytes)!;
    const linked = { 'x-linked-etag': `"${hash}"`, 'x-linked-size': String(bytes.length), 'x-repo-commit': commit };
    response.writeHead(302, { ...linked, etag: '"of the redirect"', location: `${store}/${hash}?signature=x` }).end();
  });

  return {
    hub,
    store,
    requests,
    sent: () => sent,
    reset(next = () => undefined) {
      requests.length = 0;
      sent = 0;
      fault = next;
    },
  };
}
