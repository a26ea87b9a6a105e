/**
 * Objects of any store that speaks the S3 API, as a client of files: s3://bucket/key. Credentials come from where the AWS
 * libraries look for them: environment, profiles, the machine's role.
 */
import type { Readable } from 'node:stream';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { ConfigError } from '../../../pipeline/error.ts';
import { ATTEMPTS, backOff } from './backoff.ts';
import type { Answer, FileClient } from './client.ts';
import { systemClock } from './clock.ts';
import { FetchError } from './error.ts';
import type { S3Settings } from './settings.ts';

export interface S3Object {
  readonly key: string;
  readonly size: number;
  /** Changes with the object. */
  readonly version: string;
}

export interface S3Files extends FileClient {
  /** Keys that begin with `prefix`, in the order of their UTF-8 bytes, with the sizes of the objects. */
  list(bucket: string, prefix: string, signal: AbortSignal): AsyncIterable<S3Object>;
}

/** Credentials are asked for even where nothing is signed with them. */
const UNSIGNED: S3ClientConfig = {
  credentials: { accessKeyId: '', secretAccessKey: '' },
  signer: { sign: async (request) => request },
};

export function s3Client({ endpoint, region, pathStyle, anonymous }: S3Settings): S3Files {
  const clock = systemClock;
  let client: S3Client | undefined;

  async function sdk() {
    const library = await import('@aws-sdk/client-s3').catch((cause: Error) => {
      throw new ConfigError(
        's3:// needs the package @aws-sdk/client-s3 beside deltasift: npm install @aws-sdk/client-s3',
        {
          cause,
        },
      );
    });
    client ??= new library.S3Client({
      region,
      forcePathStyle: pathStyle,
      maxAttempts: ATTEMPTS,
      retryMode: 'adaptive', // slows down where the store asks for it
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(anonymous ? UNSIGNED : {}),
    });
    return { ...library, client };
  }

  return {
    clock,
    pause: (failures, error, signal) => backOff(failures, error, clock, signal),

    async get(url, { headers = {} }, signal) {
      const { GetObjectCommand, client } = await sdk();
      const range = headers['range'];
      const asked = { Bucket: url.host, Key: keyOf(url), ...(range === undefined ? {} : { Range: range }) };
      try {
        const got = await client.send(new GetObjectCommand(asked), { abortSignal: signal });
        const said: Readonly<Record<string, string | undefined>> = {
          etag: got.ETag,
          'content-range': got.ContentRange,
          'content-length': got.ContentLength === undefined ? undefined : `${got.ContentLength}`,
        };
        const body = got.Body as Readable;
        const status = got.ContentRange === undefined ? 200 : 206;
        return { status, url, header: (name) => said[name], body, discard: async () => void body.destroy() };
      } catch (error) {
        return refusal(url, error as S3Failure, signal);
      }
    },

    async *list(bucket, prefix, signal) {
      const { paginateListObjectsV2, client } = await sdk();
      const pages = paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix }, { abortSignal: signal });
      try {
        for await (const { Contents = [] } of pages) {
          for (const { Key: key, Size: size = 0, ETag: tag = '' } of Contents) {
            if (key !== undefined) yield { key, size, version: `${size} ${tag}` };
          }
        }
      } catch (error) {
        const url = new URL(`s3://${bucket}/`);
        const answer = refusal(url, error as S3Failure, signal);
        throw new ConfigError(`${url}: there is no such bucket (the store answers ${answer.status})`, { cause: error });
      }
    },

    async close() {
      client?.destroy();
      client = undefined;
    },
  };
}

function keyOf(url: URL): string {
  return decodeURIComponent(url.pathname.slice(1));
}

interface S3Failure extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The answer that says what is not there. Everything else is thrown: the library has tried often enough. */
function refusal(url: URL, error: S3Failure, signal: AbortSignal): Answer {
  signal.throwIfAborted();
  const status = error.$metadata?.httpStatusCode;
  if (error.name === 'CredentialsProviderError' || status === 401 || status === 403) {
    throw new ConfigError(`${url}: the store denies access (${error.name}: ${error.message})`, { cause: error });
  }
  if (status === 404) return { status, url, header: () => undefined, body: nothing(), discard: async () => {} };
  if (status === 416) {
    return {
      status,
      url,
      header: (name) => (name === 'content-range' ? 'bytes */0' : undefined),
      body: nothing(),
      discard: async () => {},
    };
  }
  throw new FetchError(`${url}: ${error.name}: ${error.message}`, 'busy', { cause: error });
}

async function* nothing(): AsyncGenerator<Buffer> {}
