/** The API as a fastify instance: guards before, problems after, routes between. */
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import type { z } from 'zod';
import { problemDetails } from '../../stages/http/problem.ts';
import { eventStreams, events } from './events.ts';
import { type GuardOptions, guard } from './guard.ts';
import { openapi } from './openapi.ts';
import type { PageFile } from './page-files.ts';
import { Problem } from './problem.ts';
import type { Change, Route } from './route.ts';
import { changes, routes } from './routes.ts';
import type { Served } from './served.ts';

export interface Answer {
  /** As the OpenAPI document has it; empty where there is none. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
}

export interface AppOptions extends GuardOptions {
  readonly served: Served;
  /** By path: asked for without a token, since nothing of the store is in them. */
  readonly page?: ReadonlyMap<string, PageFile>;
  /** Told of every request that was answered, but of streams of events. */
  readonly onAnswer?: ((answer: Answer) => void) | undefined;
  /** Told of a fault of ours. */
  readonly onFault: (error: Error) => void;
}

/** Room for a path of 4,096 characters, however it is escaped. */
const MOST_BODY = 32_768;
const REQUEST_MS = 30_000;

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** The page loads what this server gives, and nothing else. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function app({ served, page = new Map(), token, hosts, onAnswer, onFault }: AppOptions): FastifyInstance {
  const { host: checkHost, token: checkToken } = guard({ token, hosts });
  const streams = eventStreams(served);
  const server = fastify({
    bodyLimit: MOST_BODY,
    requestTimeout: REQUEST_MS,
    routerOptions: { maxParamLength: 200 },
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    frameworkErrors: (error, _, reply) => void fail(reply, error),
  });

  function fail(reply: FastifyReply, error: unknown): FastifyReply {
    const { status, detail, headers } = explained(error);
    if (status >= 500 && !(error instanceof Problem)) onFault(error as Error);
    return reply
      .headers({ ...HEADERS, ...headers })
      .code(status)
      .type('application/problem+json')
      .send(JSON.stringify(problemDetails(status, detail)));
  }

  server.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    checkHost(request.headers.host);
  });
  if (onAnswer !== undefined) {
    server.addHook('onResponse', async ({ routeOptions: { url = '' } }, { statusCode, elapsedTime }) => {
      if (url !== events.path)
        onAnswer({ route: url.replaceAll(/:(\w+)/g, '{$1}'), status: statusCode, ms: elapsedTime });
    });
  }
  server.setErrorHandler((error, _, reply) => fail(reply, error));
  server.setNotFoundHandler((request, reply) =>
    fail(
      reply,
      request.method === 'GET'
        ? new Problem(404, `no ${request.url.slice(0, 100)}: /openapi.json lists what there is`)
        : new Problem(405, `${request.method}: expected ${allowed(request.url)}`, { allow: allowed(request.url) }),
    ),
  );
  server.addHook('onClose', async () => streams.close());

  server.removeContentTypeParser('text/plain'); // only JSON: no form of another page sends that unasked

  const document = JSON.stringify(openapi([...routes, events], changes, served.version));
  server.get('/openapi.json', (_, reply) => reply.type('application/json').send(document));
  server.get(events.path, (request, reply) => {
    checkToken(request.headers.authorization);
    streams.open(reply.raw);
    reply.hijack();
  });
  for (const [path, { body, type }] of page) {
    server.get(path, (_, reply) => reply.headers({ 'content-security-policy': CSP }).type(type).send(body));
  }
  for (const route of routes) add(route);
  for (const one of changes) addChange(one);
  return server;

  /** The same question has the same answer until the store changes. */
  function add(route: Route): void {
    server.get(route.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (request, reply) => {
      if (!route.open) checkToken(request.headers.authorization);
      const params = checked(route.params, request.params);
      const query = checked(route.query, request.query);
      const answer = route.live ? text() : served.kept(request.url, text);
      return reply.header('cache-control', 'no-store').type(route.media).send(answer);

      function text(): string {
        return JSON.stringify(route.handle(params, query, served));
      }
    });
  }

  function addChange({ method, path, params, body, status, handle }: Change): void {
    server.route({
      method,
      url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
      onRequest: async (request) => checkToken(request.headers.authorization), // before a body is read
      handler: async (request, reply) => {
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const asked = checked(params, request.params);
        if (body === undefined && request.body !== undefined) throw new Problem(400, `${method}: expected no body`);
        const answer = await handle(asked, body && checked(body, request.body, 'body'), served, gone.signal);
        reply.header('cache-control', 'no-store').code(status);
        return status === 204 ? reply.send() : reply.type('application/json').send(JSON.stringify(answer));
      },
    });
  }
}

const PATHS = [...routes, ...changes].map((route) => ({
  method: 'method' in route ? route.method : 'GET',
  pattern: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** Methods that the path of an address takes. */
function allowed(url: string): string {
  const path = url.split('?', 1)[0]!;
  const methods = PATHS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
  return methods.length === 0 ? 'GET' : methods.join(', ');
}

/** @throws Problem 400 with every mistake: where, what was expected, what came */
function checked(schema: z.ZodObject, given: unknown, whole = 'query'): unknown {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(({ path, message }) => `${path.join('.') || whole}: ${message}`);
  throw new Problem(400, mistakes.join('; ').slice(0, 1000));
}

function explained(error: unknown): Pick<Problem, 'status' | 'headers'> & { readonly detail: string } {
  if (error instanceof Problem) return { status: error.status, headers: error.headers, detail: error.message };
  const { statusCode, message } = error as { readonly statusCode?: number; readonly message?: string };
  if (statusCode !== undefined && statusCode < 500) return { status: statusCode, headers: {}, detail: message ?? '' };
  return { status: 500, headers: {}, detail: 'a fault of deltasift itself: its own output says what happened' };
}
