/** The API as a fastify instance: guards before, problems after, routes between. */
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import type { z } from 'zod';
import { eventStreams, events } from './events.ts';
import { type GuardOptions, guard } from './guard.ts';
import { openapi } from './openapi.ts';
import type { PageFile } from './page-files.ts';
import { Problem, problemDetails } from './problem.ts';
import type { Route } from './route.ts';
import { routes } from './routes.ts';
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

/** Nothing here takes a body. */
const MOST_BODY = 1024;
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
        : new Problem(405, `${request.method}: expected GET`, { allow: 'GET' }),
    ),
  );
  server.addHook('onClose', async () => streams.close());

  const document = JSON.stringify(openapi([...routes, events], served.version));
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
}

/** @throws Problem 400 with every mistake: where, what was expected, what came */
function checked(schema: z.ZodObject, given: unknown): unknown {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'query'}: ${message}`);
  throw new Problem(400, mistakes.join('; ').slice(0, 1000));
}

function explained(error: unknown): Pick<Problem, 'status' | 'headers'> & { readonly detail: string } {
  if (error instanceof Problem) return { status: error.status, headers: error.headers, detail: error.message };
  const { statusCode, message } = error as { readonly statusCode?: number; readonly message?: string };
  if (statusCode !== undefined && statusCode < 500) return { status: statusCode, headers: {}, detail: message ?? '' };
  return { status: 500, headers: {}, detail: 'a fault of deltasift itself: its own output says what happened' };
}
