/** What a record says of a document. */
import { type CrawledDocument, Drop, Reject } from '../../../pipeline/contract.ts';
import type { Fields } from './fields.ts';
import { instantOf } from './instant.ts';
import { languageOf } from './language.ts';

/** The document in a JSON text; `unnamed` is the id of one that has none. */
export function documentOf(json: string, fields: Fields, unnamed: string): CrawledDocument | Reject | Drop {
  const record = parse(json);
  if (record instanceof Error) return new Reject('malformed-record', record.message);
  return documentIn(record, fields, unnamed, () => valueAt(JSON.parse(json, asWritten) as object, fields.id));
}

/** The document in a record; `written` is the id as its source wrote it, where it is a number that lost digits. */
export function documentIn(
  record: object,
  fields: Fields,
  unnamed: string,
  written: () => unknown,
): CrawledDocument | Reject | Drop {
  const text = valueAt(record, fields.text);
  if (typeof text !== 'string') {
    const keys = Object.keys(record).slice(0, 20).join(', ');
    return new Reject('malformed-record', `${fields.text} holds no text but ${kindOf(text)}; the keys are ${keys}`);
  }
  if (text === '') return new Drop('empty');

  return {
    id: idOf(valueAt(record, fields.id), written) ?? unnamed,
    url: textAt(record, fields.url),
    text: text.toWellFormed(),
    canonicalUrl: textAt(record, fields.canonicalUrl),
    title: textAt(record, fields.title),
    language: languageOf(valueAt(record, fields.language)),
    fetchedAt: instantOf(valueAt(record, fields.fetchedAt)),
    extraction: 'field',
  };
}

function textAt(record: object, path: string): string | null {
  const value = valueAt(record, path);
  return typeof value === 'string' && value !== '' ? value.toWellFormed() : null;
}

function parse(json: string): object | Error {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value;
    return new Error(`expected a JSON object, got ${kindOf(value)}`);
  } catch (error) {
    return error as Error;
  }
}

/** A string as it is, a number with the digits it was written with. */
function idOf(id: unknown, written: () => unknown): string | undefined {
  if (typeof id === 'string' && id !== '') return id.toWellFormed();
  if (typeof id === 'bigint') return String(id);
  if (typeof id !== 'number') return undefined;
  return String(Number.isSafeInteger(id) ? id : written());
}

function asWritten(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? value) : value;
}

/** The value at a key, or at keys and indices joined by dots; undefined where there is none. */
export function valueAt(record: object, path: string): unknown {
  if (Object.hasOwn(record, path)) return (record as Record<string, unknown>)[path];
  let value: unknown = record;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  return value === null ? 'null' : typeof value;
}
