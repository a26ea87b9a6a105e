/** `kafka:HOST:PORT/TOPIC`: the messages of somebody else's topic, one document each. */
import { z } from 'zod';
import {
  type Bounds,
  type Crawled,
  type CrawledDocument,
  Drop,
  Reject,
  type Source,
  type SourcePlugin,
  type TopicMessage,
  type TopicReader,
} from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import { fieldsConfig } from './document/fields.ts';
import { instantOf } from './document/instant.ts';
import { languageOf } from './document/language.ts';
import { whileRead } from './fetch/while-read.ts';
import { readCursor, writeCursor } from './files/cursor.ts';
import { avroValue, jsonValue, textValue, type ValueReader } from './kafka/value.ts';

const KIND = 'kafka';
const ADDRESS = /^(?<brokers>[^\s/,:]+:\d+(?:,[^\s/,:]+:\d+)*)\/(?<topic>[\w.-]+)$/;

const header = (what: string) => z.string().min(1).optional().describe(`header that holds ${what}`);

const config = z.strictObject({
  topic: z
    .string()
    .regex(ADDRESS, 'HOST:PORT,.../TOPIC')
    .describe('brokers, comma-separated, and the topic: HOST:PORT,.../TOPIC'),
  format: z
    .enum(['json', 'avro', 'text'])
    .default('json')
    .describe('what a value is: a JSON object, an Avro record with the id of its schema before it, or the text itself'),
  registry: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      "of avro: schema registry with Confluent's interface; SOURCE_REGISTRY_USERNAME and _PASSWORD log in there",
    ),
  fields: fieldsConfig('value', 'the key of the message, or topic/partition/offset').describe(
    'of json and avro: where a value holds what is wanted, a key, or keys and indices joined by dots',
  ),
  key: z
    .enum(['unnamed', 'id', 'ignore'])
    .default('unnamed')
    .describe("what the message's key is: the id of a document that names none itself, of all of them, or of none"),
  headers: z
    .strictObject({
      url: header('the address'),
      canonicalUrl: header('the address that the page gives as its own'),
      title: header('the title'),
      language: header('the language, as a tag'),
      fetchedAt: header('when it was fetched'),
    })
    .prefault({})
    .describe('names of headers that hold what is said of a document; they count before its fields'),
  start: z
    .enum(['earliest', 'latest'])
    .or(z.iso.datetime({ offset: true }))
    .default('earliest')
    .describe('where reading begins the first time: earliest, latest, or a time as 2024-05-31T00:00:00Z'),
  maxBytes: z
    .int()
    .min(1)
    .default(8 << 20)
    .describe('bytes of a value; larger ones are rejected as too-large'),
  tls: z.boolean().default(false).describe('speak TLS to the brokers'),
  tlsCa: z
    .string()
    .min(1)
    .optional()
    .describe("file of the certificate of the brokers' authority, where the system does not know it; implies tls"),
  sasl: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('log in with SOURCE_KAFKA_USERNAME and SOURCE_KAFKA_PASSWORD of the environment'),
});
type Config = z.infer<typeof config>;

const place = z.strictObject({ offset: z.int().min(0) });

export const kafka: SourcePlugin<Config> = {
  name: KIND,
  summary: "messages of somebody else's Kafka topic: JSON, Avro or text, committed ones alone",
  config,
  short: (topic) => ({ topic }),

  create(settings, tools) {
    const { brokers = '', topic = '' } = ADDRESS.exec(settings.topic)!.groups!;
    const { tls, tlsCa, sasl } = settings;
    const reader = tools.openTopic({
      brokers: brokers.split(','),
      topic,
      tls: tls || tlsCa !== undefined,
      tlsCa,
      sasl,
    });
    const inValue = valueReader(settings, tools.openRegistry);
    const begin = beginning(reader, settings.start);

    async function* records({ partition, low, high }: Bounds, cursor: string | undefined, signal: AbortSignal) {
      const after = cursor === undefined ? undefined : readCursor(KIND, place, cursor);
      const from = after === undefined ? await begin(partition, low, signal) : after.place.offset + 1;
      const file = `${topic}/${partition}`;
      for await (const message of reader.read(partition, from, high, signal)) {
        const at = writeCursor(KIND, { file, place: { offset: message.offset } });
        yield { cursor: at, ...(await outcomeOf(message, `${file}/${message.offset}`, signal)) } satisfies Crawled;
      }
    }

    async function outcomeOf(message: TopicMessage, where: string, signal: AbortSignal) {
      const { value, key } = message;
      if (value === null) return { drop: new Drop('tombstone') };
      if (value.length > settings.maxBytes) {
        const reason = `the value has ${value.length} bytes, at most ${settings.maxBytes} are read`;
        return { reject: new Reject('too-large', reason), bytes: value.subarray(0, 64 << 10) };
      }
      const named = settings.key === 'ignore' ? '' : (key?.toString().toWellFormed() ?? '');
      const found = await inValue({ ...message, value }, named || where, signal);
      if (found instanceof Reject) return { reject: found, bytes: value };
      if (found instanceof Drop) return { drop: found };
      const document = withHeaders(found, message.headers, settings.headers);
      return { document: settings.key === 'id' && named !== '' ? { ...document, id: named } : document };
    }

    const source: Source = {
      name: `${KIND}:${settings.topic}`,

      async *units(_follow, signal) {
        for (const bounds of await begin.look(signal)) {
          yield {
            name: `${topic}/${bounds.partition}`,
            version: String(bounds.high),
            read: (cursor, stop) => records(bounds, cursor, stop),
          };
        }
      },

      async *read(cursor, signal) {
        signal.throwIfAborted();
        const after = cursor === undefined ? undefined : readCursor(KIND, place, cursor).file;
        const all = await begin.look(signal);
        const first = after === undefined ? 0 : all.findIndex(({ partition }) => `${topic}/${partition}` === after);
        if (first === -1)
          throw new ConfigError(`the cursor to resume after is in ${after}, which is no partition of ${topic}`);
        for (const [i, bounds] of all.slice(first).entries())
          yield* records(bounds, i === 0 ? cursor : undefined, signal);
      },

      async locate(cursor, signal) {
        const { file, place: at } = readCursor(KIND, place, cursor);
        const partition = Number(file.slice(file.lastIndexOf('/') + 1));
        for await (const { offset, value } of reader.read(partition, at.offset, at.offset + 1, signal)) {
          if (offset !== at.offset || value === null) break;
          return {
            file,
            offset: 0,
            length: value.length,
            within: `the value of the message at offset ${offset}`,
            bytes: value,
          };
        }
        throw new ConfigError(`${file} does not keep offset ${at.offset} any more`);
      },
    };
    return whileRead(source, () => reader.close());
  },
};

function valueReader(
  { format, fields, registry }: Config,
  openRegistry: (url: string) => Parameters<typeof avroValue>[1],
): ValueReader {
  if (format === 'text') return textValue;
  if (format === 'json') return jsonValue(fields);
  if (registry === undefined)
    throw new ConfigError('source kafka: format avro needs the registry that holds its schemas');
  return avroValue(fields, openRegistry(registry));
}

/** Where reading begins in partitions of which nothing was read. */
function beginning(reader: TopicReader, start: Config['start']) {
  /** Of `latest`, the ends that the first look found; a partition that was added later is read from its start. */
  let ends: ReadonlyMap<number, number> | undefined;
  let times: ReadonlyMap<number, number> | undefined;

  async function begin(partition: number, low: number, signal: AbortSignal): Promise<number> {
    if (start === 'earliest') return low;
    if (start === 'latest') return ends?.get(partition) ?? low;
    times ??= await reader.since(Date.parse(start), signal);
    return times.get(partition) ?? low;
  }

  async function look(signal: AbortSignal): Promise<readonly Bounds[]> {
    const found = await reader.bounds(signal);
    ends ??= new Map(found.map(({ partition, high }) => [partition, high]));
    return found;
  }

  return Object.assign(begin, { look });
}

/** What headers say of a document, by the names that the settings give them. */
function withHeaders(
  document: CrawledDocument,
  headers: TopicMessage['headers'],
  { url, canonicalUrl, title, language, fetchedAt }: Config['headers'],
): CrawledDocument {
  const said = (name: string | undefined) =>
    (name === undefined ? undefined : headers[name]?.toWellFormed()) || undefined;
  return {
    ...document,
    url: said(url) ?? document.url,
    canonicalUrl: said(canonicalUrl) ?? document.canonicalUrl ?? null,
    title: said(title) ?? document.title ?? null,
    language: languageOf(said(language)) ?? document.language ?? null,
    fetchedAt: instantOf(said(fetchedAt)) ?? document.fetchedAt ?? null,
  };
}
