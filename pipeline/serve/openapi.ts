/** The OpenAPI 3.1 document of a list of routes. */
import { z } from 'zod';
import type { Route } from './route.ts';

export function openapi(routes: readonly Route[], version: string): object {
  return {
    openapi: '3.1.0',
    info: { title: 'deltasift', version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: PROBLEM },
    },
    security: [{ token: [] }],
    paths: Object.fromEntries(routes.map((route) => [route.path, { get: operation(route) }])),
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

function operation({ path, summary, params, query, reply, open, media }: Route): object {
  const problem = (description: string) => ({
    description,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  });
  return {
    operationId: path.replaceAll(/[{}]/g, '').split('/').filter(Boolean).join('-'),
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
