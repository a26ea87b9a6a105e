/** `http-push:FOLDER`: documents that others send, kept in a spool in that folder until they are read. */
import { once } from 'node:events';
import { resolve } from 'node:path';
import { z } from 'zod';
import { Drop, Reject, type Source, type SourcePlugin, type SourceTools } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import { fieldsConfig } from './document/fields.ts';
import { documentOf } from './document/record.ts';
import { readCursor, writeCursor } from './files/cursor.ts';
import { type Endpoint, openEndpoint } from './push/endpoint.ts';
import { openSpool, type Spool } from './push/spool.ts';

const KIND = 'http-push';
const TOKEN = 'DELTASIFT_PUSH_TOKEN';
const LISTEN = /^(?:(?<host>[\w.-]+|\[[\da-f:.]+\]):)?(?<port>\d{1,5})$/i;
const DAY_MS = 86_400_000;

const amount = (standard: number, description: string) => z.int().min(1).default(standard).describe(description);

const config = z.strictObject({
  spool: z.string().min(1).describe('folder of the spool: what was taken, on the disk, until it is read'),
  listen: z
    .string()
    .regex(LISTEN, '[HOST:]PORT')
    .or(z.literal('off'))
    .default('8177')
    .describe(
      '[HOST:]PORT where documents are taken, on this machine alone without a host; off reads what the spool holds, and ends',
    ),
  fields: fieldsConfig('document', 'push:N, N its number').describe(
    'where a document holds what is wanted: a key, or keys and indices joined by dots',
  ),
  maxDocument: amount(8 << 20, 'bytes of a document'),
  maxBody: amount(32 << 20, 'bytes of a request, as it comes and as it unpacks'),
  maxDocuments: amount(10_000, 'documents of a request'),
  maxWaiting: amount(100_000, 'documents that may wait to be read; with more, who sends is told to wait (429)'),
  maxWaitingBytes: amount(1 << 30, 'bytes of those'),
  keepDays: z
    .number()
    .positive()
    .default(7)
    .describe('days for which documents that were read, and idempotency keys, are kept'),
});
type Config = z.infer<typeof config>;

const place = z.strictObject({ position: z.int().min(1) });

export const httpPush: SourcePlugin<Config> = {
  name: KIND,
  summary: 'documents that others send over HTTP, one by one or many at a time, with a token',
  config,
  short: (spool) => ({ spool }),

  create(settings, tools) {
    const folder = resolve(tools.folder, settings.spool);
    const listens = settings.listen !== 'off';
    const open = () => openSpool(folder, { keepMs: settings.keepDays * DAY_MS, now: tools.now });

    return {
      name: `${KIND}:${folder}`,
      ...(listens ? { waits: true } : {}),

      async *read(cursor, signal) {
        const after = cursor === undefined ? undefined : readCursor(KIND, place, cursor);
        signal.throwIfAborted();
        const spool = open();
        let endpoint: Endpoint | undefined;
        try {
          let at = after?.file === spool.id ? after.place.position : 0; // another spool is read from its start
          spool.readFrom(at);
          if (listens) endpoint = await listen(spool, settings, tools);
          for (;;) {
            const changed = spool.changed();
            for (let found = spool.next(at); found !== undefined; found = spool.next(at)) {
              signal.throwIfAborted();
              at = found.position;
              yield { cursor: writeCursor(KIND, { file: spool.id, place: { position: at } }), ...outcomeOf(found) };
            }
            if (endpoint === undefined) return;
            await unlessAborted(changed, signal);
          }
        } finally {
          await endpoint?.close();
          spool.close();
        }
      },

      async locate(cursor) {
        const { file, place: at } = readCursor(KIND, place, cursor);
        const spool = open();
        try {
          const found = file === spool.id ? spool.at(at.position) : undefined;
          if (found === undefined) throw new ConfigError(`${folder} does not hold document ${at.position} any more`);
          const bytes = Buffer.from(found.record);
          return {
            file: folder,
            offset: 0,
            length: bytes.length,
            within: `document ${at.position} of the spool`,
            bytes,
          };
        } finally {
          spool.close();
        }
      },
    } satisfies Source;

    function outcomeOf({ position, record }: { readonly position: number; readonly record: string }) {
      const found = documentOf(record, settings.fields, `push:${position}`);
      if (found instanceof Reject) return { reject: found, bytes: Buffer.from(record) };
      return found instanceof Drop ? { drop: found } : { document: found };
    }
  },
};

async function listen(spool: Spool, settings: Config, { secret, note }: SourceTools): Promise<Endpoint> {
  const token = secret(TOKEN);
  if (token === undefined || !/^[\w~+/.=-]{16,500}$/.test(token)) {
    const got = token === undefined ? 'nothing' : `${token.length} characters`;
    throw new ConfigError(
      `${TOKEN}: expected a token of 16 to 500 letters, digits or characters of - . _ ~ + / =, which whoever sends documents ` +
        `has to know; got ${got}`,
    );
  }
  const { host = '127.0.0.1', port } = LISTEN.exec(settings.listen)!.groups!;
  const endpoint = await openEndpoint(spool, {
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port),
    token,
    fields: settings.fields,
    limits: {
      documents: settings.maxDocuments,
      documentBytes: settings.maxDocument,
      bodyBytes: settings.maxBody,
      waiting: settings.maxWaiting,
      waitingBytes: settings.maxWaitingBytes,
    },
  });
  note(`documents are taken at ${endpoint.url}/documents`);
  return endpoint;
}

/** @throws AbortError */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const either = new AbortController();
  try {
    signal.throwIfAborted();
    await Promise.race([promise, once(signal, 'abort', { signal: either.signal })]);
    signal.throwIfAborted();
  } finally {
    either.abort();
  }
}
