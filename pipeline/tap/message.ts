/** A message of a topic as it is shown: decoded, or why it cannot be. */
import { codecs, scoreCodec } from '../../schemas/codec.ts';
import { topicOf } from '../../schemas/topics.ts';
import type { Delivered } from '../contract.ts';

export interface Tapped {
  readonly topic: string;
  /** partition/offset; of a store, scan/offset or the number of a row. */
  readonly place: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the value as it came; null of a row of a table. */
  readonly bytes: number | null;
  /** A record by its schema, text, or bytes; null where the message deletes its key. */
  readonly value: unknown;
  /** Why the bytes are no value of the topic; `value` is then the bytes. Null where they are. */
  readonly fault: string | null;
}

/** What is to be shown of a topic. */
export interface TapQuery {
  readonly key?: string | undefined;
  /** Occurs in the key, a header or the value, whatever the case. */
  readonly match?: string | undefined;
  /** Only what cannot be decoded. */
  readonly poison?: boolean | undefined;
}

/** @param fault of the transport's framing, where there is one */
export function tappedOf(message: Delivered, fault: string | null = null): Tapped {
  const { topic, partition, offset, key, headers, value } = message;
  const rest = { topic, place: `${partition}/${offset}`, key, headers, bytes: value?.length ?? 0 };
  if (fault !== null) return { ...rest, value, fault };
  try {
    return { ...rest, value: value === null ? null : decoded(topic, value, headers['schema']), fault: null };
  } catch (error) {
    return { ...rest, value, fault: error instanceof Error ? error.message : String(error) };
  }
}

/** @throws Error where the bytes are no value of the topic */
function decoded(topic: string, value: Buffer, writer: string | undefined): unknown {
  const schema = topicOf(topic)?.schema ?? null;
  if (schema === null) return textOr(value);
  const record = codecs[schema].decode(value, writer);
  return schema === 'selection' ? withScore(record as Record<string, unknown>) : record;
}

/** The value of a change is a score where it is not a running value. */
function withScore(selection: Readonly<Record<string, unknown>>): unknown {
  const { list, value } = selection;
  return list === 'state' ? selection : { ...selection, value: scoreCodec.decode(value as Buffer) };
}

/** Bytes that are text, as text. */
function textOr(bytes: Buffer): string | Buffer {
  const text = bytes.toString();
  return text.includes('\ufffd') || /[^\P{Cc}\n\r\t]/u.test(text) ? bytes : text;
}

export function isAsked(message: Tapped, { key, match, poison }: TapQuery): boolean {
  if (key !== undefined && message.key !== key) return false;
  if (poison === true && message.fault === null) return false;
  return match === undefined || JSON.stringify(plain(message)).toLowerCase().includes(match.toLowerCase());
}

/** As JSON has it: arrays of numbers as arrays, bytes in base64. */
export function plain(message: Tapped): unknown {
  return JSON.parse(
    JSON.stringify(message, (_, value) => {
      if (isBytes(value)) return Buffer.from(value.data).toString('base64');
      return ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
    }),
  );
}

/** What `toJSON` of a Buffer gives. */
function isBytes(value: unknown): value is { readonly data: readonly number[] } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value;
}
