/** A schema registry that speaks Confluent's REST interface; Apicurio does so at /apis/ccompat/v7. */
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { ConfigError } from '../error.ts';

export interface RegistryConnection {
  /** http(s) address that `/subjects` follows. */
  readonly url: string;
  /** Value of the header `authorization`. */
  readonly authorization?: string | undefined;
}

export interface Registry {
  /** The id of a schema under a subject; undefined where the subject does not hold it. */
  idOf(subject: string, schema: unknown, signal: AbortSignal): Promise<number | undefined>;
  /**
   * Adds a schema to a subject, where it is not there already.
   *
   * @throws ConfigError where the registry holds it to be incompatible with what is there
   */
  register(subject: string, schema: unknown, signal: AbortSignal): Promise<number>;
  /** The Avro schema of an id; undefined where there is none, or it is of another kind. */
  schema(id: number, signal: AbortSignal): Promise<unknown>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Tries at a registry that is away, or says that it cannot now, and the wait before the second, which doubles. */
const TRIES = 5;
const BACK_OFF_MS = 200;
const TIMEOUT_MS = 5000;
/** Of an answer. */
const MAX_BYTES = 2 ** 20;
/** Of what a registry says of itself, in an error. */
const MAX_SHOWN = 500;

/** Every call waits a few seconds for a registry that is away. @throws ConfigError where it stays away, or refuses */
export function registry({ url, authorization }: RegistryConnection): Registry {
  const base = url.replace(/\/+$/, '');

  async function call(path: string, body: unknown, signal: AbortSignal): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      const answer = await once(path, body, signal).catch((error: Error) => error);
      const isAway = answer instanceof Error || answer.status >= 500 || answer.status === 429;
      if (!isAway) return allowed(answer);
      signal.throwIfAborted();
      if (tries === TRIES) {
        const reason = answer instanceof Error ? reasonOf(answer) : `it answers ${answer.status}`;
        throw new ConfigError(`schema registry ${base}: ${reason}: is it running, and is --registry its address?`);
      }
      await delay(BACK_OFF_MS * 2 ** (tries - 1), undefined, { signal });
    }
  }

  async function once(path: string, body: unknown, signal: AbortSignal): Promise<Answer> {
    const response = await request(`${base}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/vnd.schemaregistry.v1+json, application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/vnd.schemaregistry.v1+json' }),
        ...(authorization === undefined ? {} : { authorization }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of response.body as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > MAX_BYTES) throw new Error(`it answers with more than ${MAX_BYTES} bytes`);
      parts.push(part);
    }
    return { status: response.statusCode, body: parsed(Buffer.concat(parts).toString()) };
  }

  function allowed(answer: Answer): Answer {
    if (answer.status !== 401 && answer.status !== 403) return answer;
    throw new ConfigError(
      `schema registry ${base}: it answers ${answer.status}: set REGISTRY_USERNAME and REGISTRY_PASSWORD, or REGISTRY_TOKEN`,
    );
  }

  function unexpected(what: string, { status, body }: Answer): ConfigError {
    return new ConfigError(`schema registry ${base}: ${what}: it answers ${status}: ${said(body)}`);
  }

  return {
    async idOf(subject, schema, signal) {
      const answer = await call(`/subjects/${encodeURIComponent(subject)}`, bodyOf(schema), signal);
      if (answer.status === 404) return undefined;
      const id = idIn(answer);
      if (id === undefined) throw unexpected(`${subject} was looked up`, answer);
      return id;
    },

    async register(subject, schema, signal) {
      const answer = await call(`/subjects/${encodeURIComponent(subject)}/versions`, bodyOf(schema), signal);
      if (answer.status === 409) {
        throw new ConfigError(
          `schema registry ${base}: subject ${subject} holds a schema that this version's is not compatible with: ${said(answer.body)}`,
        );
      }
      const id = idIn(answer);
      if (id === undefined) throw unexpected(`${subject} was to be registered`, answer);
      return id;
    },

    async schema(id, signal) {
      const answer = await call(`/schemas/ids/${id}`, undefined, signal);
      if (answer.status === 404) return undefined;
      const { schema, schemaType = 'AVRO' } = (answer.body ?? {}) as { schema?: unknown; schemaType?: unknown };
      if (answer.status !== 200) throw unexpected(`schema ${id} was asked for`, answer);
      return schemaType === 'AVRO' && typeof schema === 'string' ? parsed(schema) : undefined;
    },
  };
}

function bodyOf(schema: unknown): { readonly schema: string } {
  return { schema: JSON.stringify(schema) };
}

function idIn({ status, body }: Answer): number | undefined {
  const id = (body as { readonly id?: unknown } | undefined)?.id;
  return status === 200 && Number.isInteger(id) ? (id as number) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function said(body: unknown): string {
  const { message } = (body ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message.slice(0, MAX_SHOWN) : 'nothing more';
}

function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
