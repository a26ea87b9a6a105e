/** The OpenAPI 3.1 document of a list of routes. */
import { z } from 'zod';
import type { Change, Route } from './route.ts';

export function openapi(routes: readonly Route[], changes: readonly Change[], version: string): object {
  const paths = new Map<string, Record<string, object>>();
  for (const route of routes) paths.set(route.path, { get: operation(route) });
  for (const one of changes) paths.set(one.path, { ...paths.get(one.path), [one.method.toLowerCase()]: changing(one) });
  return {
    openapi: '3.1.0',
    info: { title: 'deltasift', version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: PROBLEM },
    },
    security: [{ token: [] }],
    paths: Object.fromEntries(paths),
  };
}

const PROBLEM = {
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
  },
};

function problem(description: string): object {
  return {
    description,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

function changing({ method, path, summary, params, body, reply, status, refusals }: Change): object {
  const said = status === 204 ? {} : { content: { 'application/json': { schema: schemaOf(reply) } } };
  return {
    operationId: `${method.toLowerCase()}-${idOf(path)}`,
    summary,
    parameters: parameters(params, 'path'),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }),
    responses: {
      [status]: { description: 'done', ...said },
      400: problem('the body or a parameter is not what it should be'),
      401: problem('no token, or another one'),
      ...Object.fromEntries(Object.entries(refusals).map(([code, why]) => [code, problem(why)])),
      413: problem('the body is too large'),
      415: problem('the body is not JSON'),
      421: problem('the Host is none of ours'),
    },
  };
}

function idOf(path: string): string {
  return path.replaceAll(/[{}]/g, '').split('/').filter(Boolean).join('-');
}

function operation({ path, summary, params, query, reply, open, media }: Route): object {
  return {
    operationId: idOf(path),
    summary,
    parameters: [...parameters(params, 'path'), ...parameters(query, 'query')],
    responses: {
      200: { description: 'as asked', content: { [media]: { schema: schemaOf(reply) } } },
      400: problem('a parameter is not what it should be'),
      ...(open ? {} : { 401: problem('no token, or another one') }),
      ...(path.includes('{') ? { 404: problem('there is none') } : {}),
      421: problem('the Host is none of ours'),
    },
    ...(open ? { security: [] } : {}),
  };
}

function parameters(schema: z.ZodObject, where: 'path' | 'query'): readonly object[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
