/** The documents of a body, each as the JSON text that is kept of it. */
import { isUtf8 } from 'node:buffer';
import { Reject } from '../../../pipeline/contract.ts';
import type { Fields } from '../document/fields.ts';
import { documentOf } from '../document/record.ts';
import { type Fault, Refusal } from './refusal.ts';

export interface Limits {
  /** Documents in a request. */
  readonly documents: number;
  /** Bytes of a document. */
  readonly documentBytes: number;
}

/** Faults that are told of. */
const TOLD = 100;

/**
 * All documents of a body, or none: JSON holds one, or an array of them, NDJSON one a line.
 *
 * @param type media type, without its parameters
 * @throws Refusal 400 of a body that is no such JSON, 413 of too many, 415 of another type, 422 where documents are at fault
 */
export function recordsIn(body: Buffer, type: string, fields: Fields, limits: Limits): readonly string[] {
  const found = split(body, type);
  if (found.length === 0) throw new Refusal(400, 'the body holds no document');
  if (found.length > limits.documents) {
    throw new Refusal(413, `at most ${limits.documents} documents are taken at a time, not ${found.length}`);
  }
  const faults: Fault[] = [];
  for (const { at, json } of found) {
    const fault = faultOf(json, fields, limits);
    if (fault !== undefined && faults.push({ at, ...fault }) === TOLD) break;
  }
  if (faults.length > 0) {
    const told = faults.length === TOLD ? `${TOLD} or more` : `${faults.length}`;
    throw new Refusal(422, `${told} of ${found.length} documents are at fault; none was taken`, { faults });
  }
  return found.map(({ json }) => json);
}

interface Entry {
  readonly at: number;
  readonly json: string;
}

function split(body: Buffer, type: string): readonly Entry[] {
  switch (type) {
    case 'application/json':
      return inJson(textOf(body));
    case 'application/x-ndjson':
    case 'application/ndjson':
    case 'application/jsonl':
      return textOf(body)
        .split('\n')
        .map((json, i) => ({ at: i + 1, json: json.trim() }))
        .filter(({ json }) => json !== '');
    default:
      throw new Refusal(
        415,
        `Content-Type: expected application/json or application/x-ndjson, got ${type.slice(0, 80) || 'none'}`,
        { headers: { accept: 'application/json, application/x-ndjson' } },
      );
  }
}

function inJson(text: string): readonly Entry[] {
  if (!text.trimStart().startsWith('[')) return text.trim() === '' ? [] : [{ at: 1, json: text.trim() }];
  try {
    const values = JSON.parse(text, withDigits) as readonly unknown[];
    return values.map((value, i) => ({ at: i + 1, json: JSON.stringify(value) }));
  } catch (cause) {
    throw new Refusal(400, `the body is no JSON: ${(cause as Error).message}`);
  }
}

declare global {
  interface JSON {
    /** Stands for a number of exactly these digits where it is written again. */
    rawJSON(text: string): object;
  }
}

/** Ids may be numbers of more digits than a double keeps. */
function withDigits(_key: string, value: unknown, { source }: { readonly source?: string } = {}): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined
    ? JSON.rawJSON(source)
    : value;
}

/** @throws Refusal 400 */
function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw new Refusal(400, 'the body is not valid UTF-8');
  const text = body.toString();
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** What a reader would reject; one that it would drop, as it is empty, is counted there. */
function faultOf(json: string, fields: Fields, { documentBytes }: Limits): Omit<Fault, 'at'> | undefined {
  const bytes = Buffer.byteLength(json);
  if (bytes > documentBytes) {
    return { code: 'too-large', detail: `the document has ${bytes} bytes, at most ${documentBytes} are taken` };
  }
  const found = documentOf(json, fields, 'unnamed');
  return found instanceof Reject ? { code: found.code, detail: found.reason.slice(0, 300) } : undefined;
}
