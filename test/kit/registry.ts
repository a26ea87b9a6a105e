/** A schema registry for tests that need no Java: the routes of Confluent's REST interface that are used, and what they refuse. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import avro from 'avsc';

export interface FakeRegistry {
  readonly url: string;
  /** By subject, in the order they were registered. */
  readonly subjects: ReadonlyMap<string, readonly unknown[]>;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
  /** Another schema under an id, as if some other program had registered it; resolves with the id. */
  add(subject: string, schema: unknown, schemaType?: string): number;
  /** Answers all that comes with this status, from now on; undefined answers as it should. */
  fail(status: number | undefined): void;
  close(): Promise<void>;
}

/** @param authorization the header that is asked for */
export async function startRegistry(authorization?: string): Promise<FakeRegistry> {
  const subjects = new Map<string, unknown[]>();
  const schemas: { readonly schema: unknown; readonly schemaType: string | undefined }[] = [];
  const asked: string[] = [];
  let failing: number | undefined;

  function add(subject: string, schema: unknown, schemaType?: string): number {
    subjects.set(subject, [...(subjects.get(subject) ?? []), schema]);
    const known = schemas.findIndex((one) => JSON.stringify(one.schema) === JSON.stringify(schema));
    return known >= 0 ? known + 1 : schemas.push({ schema, schemaType });
  }

  function answer(path: string, body: unknown): readonly [status: number, body: unknown] {
    if (failing !== undefined) return [failing, { message: 'told to fail' }];
    const [, first, name = '', last] = path.split('/').map(decodeURIComponent);
    if (first === 'schemas') {
      const found = schemas[Number(last) - 1];
      if (found === undefined) return [404, { error_code: 40403 }];
      return [200, { schema: JSON.stringify(found.schema), schemaType: found.schemaType }];
    }
    const schema = JSON.parse((body as { schema: string }).schema) as unknown;
    const held = subjects.get(name) ?? [];
    const there = held.some((one) => JSON.stringify(one) === JSON.stringify(schema));
    if (last === undefined) return there ? [200, { id: idOf(schema) }] : [404, { error_code: 40403 }];
    if (there) return [200, { id: idOf(schema) }];
    try {
      for (const one of held) {
        avro.Type.forSchema(schema as avro.Schema).createResolver(avro.Type.forSchema(one as avro.Schema));
      }
    } catch (error) {
      return [409, { error_code: 409, message: `incompatible: ${(error as Error).message}` }];
    }
    return [200, { id: add(name, schema) }];
  }

  function idOf(schema: unknown): number {
    return schemas.findIndex((one) => JSON.stringify(one.schema) === JSON.stringify(schema)) + 1;
  }

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      asked.push(request.url!);
      const allowed = authorization === undefined || request.headers.authorization === authorization;
      const text = Buffer.concat(parts).toString();
      const [status, body] = allowed ? answer(request.url!, text === '' ? undefined : JSON.parse(text)) : [401, {}];
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    subjects,
    asked,
    add,
    fail: (status) => {
      failing = status;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
