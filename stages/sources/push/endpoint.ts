/** The address that documents are sent to: POST /documents, with the token; GET /healthz, without. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { ConfigError } from '../../../pipeline/error.ts';
import { bearer } from '../../http/bearer.ts';
import type { Fields } from '../document/fields.ts';
import { bodyOf } from './body.ts';
import { type Limits, recordsIn } from './records.ts';
import { type Fault, problemOf, Refusal } from './refusal.ts';
import { type Kept, type Once, Repeated, type Spool } from './spool.ts';

export interface EndpointOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly fields: Fields;
  readonly limits: Limits & {
    /** Bytes of a body. */
    readonly bodyBytes: number;
    /** Documents and bytes that may wait to be read. */
    readonly waiting: number;
    readonly waitingBytes: number;
  };
}

export interface Endpoint {
  /** Where it listens: http://HOST:PORT */
  readonly url: string;
  /** Resolves when requests at work are answered. */
  close(): Promise<void>;
}

const REQUEST_MS = 30_000;
/** Bodies that are read at a time: what bounds memory. */
const BODIES = 8;
const CONNECTIONS = 256;
const RETRY_SECONDS = 5;
const HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } as const;

/** @throws ConfigError where it cannot listen there */
export async function openEndpoint(
  spool: Spool,
  { host, port, token, fields, limits }: EndpointOptions,
): Promise<Endpoint> {
  const knows = bearer(token);
  let bodies = 0;
  const server = fastify({
    requestTimeout: REQUEST_MS,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 100 },
    frameworkErrors: (error, _, reply) => void fail(reply, error),
    clientErrorHandler: refuseConnection,
  });
  server.server.maxConnections = CONNECTIONS;
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null)); // a body is read below, once it is wanted
  server.setErrorHandler((error, _, reply) => fail(reply, error));
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0];
    const allow = path === '/documents' ? 'POST' : path === '/healthz' ? 'GET' : undefined;
    const what = `${request.method} ${request.url.slice(0, 100)}`;
    if (allow === undefined) return fail(reply, new Refusal(404, `${what}: expected POST /documents or GET /healthz`));
    return fail(reply, new Refusal(405, `${what}: expected ${allow}`, { headers: { allow } }));
  });
  server.get('/healthz', (_, reply) => send(reply, 200, { status: 'ok' }));
  server.post('/documents', { onRequest: async (request) => checkToken(request) }, async (request, reply) =>
    send(reply, 202, await take(request)),
  );

  /** @throws Refusal 401, before a body is read */
  function checkToken({ headers: { authorization } }: FastifyRequest): void {
    if (knows(authorization)) return;
    const got = authorization === undefined ? 'nothing' : 'another';
    throw new Refusal(401, `Authorization: expected Bearer and the token of DELTASIFT_PUSH_TOKEN, got ${got}`, {
      headers: { 'www-authenticate': 'Bearer realm="deltasift"', connection: 'close' },
    });
  }

  async function take({ headers, raw }: FastifyRequest): Promise<Kept> {
    const key = keyOf(headers['idempotency-key']);
    if (key === undefined) checkRoom();
    if (bodies >= BODIES) throw busy(`${BODIES} requests are read at a time`);
    bodies++;
    try {
      const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
      const media = type.trim().toLowerCase();
      const { 'content-encoding': encoding, 'content-length': length } = headers;
      const body = await bodyOf(raw, { encoding, length }, limits.bodyBytes);
      const records = recordsIn(body, media, fields, limits);
      const once = key === undefined ? undefined : { key, asked: digest(`${media}\n`, body) };
      return kept(records, once);
    } finally {
      bodies--;
    }
  }

  /** @throws Refusal 429 */
  function checkRoom(): void {
    const { documents, bytes } = spool.waiting();
    if (documents >= limits.waiting || bytes >= limits.waitingBytes)
      throw busy(`${documents} documents wait to be read`);
  }

  function kept(records: readonly string[], once: Once | undefined): Kept {
    try {
      const earlier = once && spool.earlier(once);
      if (earlier !== undefined) return earlier;
      checkRoom();
      return spool.keep(records, once);
    } catch (error) {
      if (error instanceof Repeated) {
        throw new Refusal(422, 'Idempotency-Key: this key came with another body before; give each request its own');
      }
      if ((error as { readonly code?: string }).code === 'SQLITE_FULL') {
        throw new Refusal(507, 'the disk is full: nothing was taken', { headers: { 'retry-after': '60' } });
      }
      throw error;
    }
  }

  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw new ConfigError(`http-push: cannot listen on ${host}:${port}: ${(error as Error).message}`, { cause: error });
  }
  const bound = server.server.address() as { readonly port: number };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
    close: () => server.close(),
  };
}

/** @throws Refusal 400 */
function keyOf(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[\x20-\x7e]{1,255}$/.test(header)) return header;
  throw new Refusal(400, 'Idempotency-Key: expected one key of 1 to 255 printable ASCII characters');
}

function busy(why: string): Refusal {
  return new Refusal(429, `${why}: try again later`, { headers: { 'retry-after': String(RETRY_SECONDS) } });
}

function digest(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

function send(reply: FastifyReply, status: number, value: object): FastifyReply {
  return reply.headers(HEADERS).code(status).type('application/json').send(JSON.stringify(value));
}

function fail(reply: FastifyReply, error: unknown): FastifyReply {
  const { status, detail, headers, faults } = explained(error);
  return reply
    .headers({ ...HEADERS, ...headers })
    .code(status)
    .type('application/problem+json')
    .send(problemOf(status, detail, faults));
}

function explained(error: unknown): {
  readonly status: number;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly faults: readonly Fault[];
} {
  if (error instanceof Refusal) return { ...error, status: error.status, detail: error.message };
  const { statusCode = 500, message } = error as { readonly statusCode?: number; readonly message: string };
  const detail = statusCode < 500 ? message : 'a fault of deltasift itself: nothing was taken';
  return { status: statusCode, detail, headers: {}, faults: [] };
}

/** What is no HTTP, or takes too long to become a request. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 }[error.code ?? ''] ?? 400;
  const body = problemOf(status, 'the request cannot be read as HTTP');
  const head = [`HTTP/1.1 ${status} Error`, 'Connection: close', 'Content-Type: application/problem+json'];
  socket.end(`${[...head, `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`);
}
