/** The topics that a store is made of, and the messages that change it. */
import { alertCodec, comparisonCodec, countCodec, selectionCodec, signatureCodec } from '../../schemas/codec.ts';
import type { Alert, Comparison, Count, Selection, Signature } from '../../schemas/types.ts';
import type { Outgoing } from '../contract.ts';

export const COUNTS = 'counts';
export const CURSORS = 'cursors';
export const SEEN = 'seen';
export const SIGNATURES = 'signatures';
export const BANDS = 'bands';
export const DEAD = 'dead';
/** Dead letters that were sent again. */
export const REPLAYED = 'replayed';
export const SELECTION = 'selection';
export const ALERTS = 'alerts';
export const HELD = 'held';
export const RULES = 'rules';
export const WATCHED = 'watched';
export const MATCHES = 'matches';
export const DROPS = 'drops';
export const REPLAY = 'replay';

/** Adds to a counter. */
export function countMessage(count: Count): Outgoing {
  const key = `${count.stage}/${count.outcome}/${count.code}`;
  return { topic: COUNTS, key, value: countCodec.encode(count), headers: {} };
}

/** How far a unit of a source was read. */
export interface CursorMark {
  /** Name of the source. */
  readonly source: string;
  /** Name of the unit; '' where the source is read as a whole. */
  readonly unit: string;
  /** '' where there was nothing to read yet. */
  readonly cursor: string;
  /** Records of the unit up to the cursor. */
  readonly read: number;
  /** The version of the unit that was read to its end; null where it was not, or has none. */
  readonly version: string | null;
}

/** Goes out with the documents before the cursor, in one transaction. */
export function cursorMessage({ source, unit, cursor, read, version }: CursorMark): Outgoing {
  const headers = { source, unit, read: String(read), ...(version === null ? {} : { version }) };
  return { topic: CURSORS, key: cursorKey(source, unit), value: Buffer.from(cursor), headers };
}

export function cursorKey(source: string, unit: string): string {
  return unit === '' ? source : JSON.stringify([source, unit]);
}

/** The mark in a message; one without a source is of a source that is read as a whole. */
export function cursorMark({ key, value, headers }: Outgoing): CursorMark {
  return {
    source: headers['source'] ?? key,
    unit: headers['unit'] ?? '',
    cursor: value?.toString() ?? '',
    read: Number(headers['read'] ?? 0),
    version: headers['version'] ?? null,
  };
}

/** The document of this key will not be scored again. */
export function seenMessage(key: string): Outgoing {
  return { topic: SEEN, key, value: Buffer.alloc(0), headers: {} };
}

/** The document of this key was let through: what is nearly the same will not be. */
export function signatureMessage(key: string, signature: Omit<Signature, 'key'>): Outgoing {
  return { topic: SIGNATURES, key, value: signatureCodec.encode({ ...signature, key }), headers: {} };
}

/** The document of this key was let through no longer. */
export function forgottenMessage(key: string): Outgoing {
  return { topic: SIGNATURES, key, value: null, headers: {} };
}

/** To the partition that it is compared in next. */
export function comparisonMessage(comparison: Comparison): Outgoing {
  const { key, partition } = comparison;
  return { topic: BANDS, key, partition, value: comparisonCodec.encode(comparison), headers: {} };
}

/** One of the documents or records that were dropped for a reason. */
export interface DropExample {
  readonly stage: string;
  readonly reason: string;
  /** Of the document; of a record of the source, its place. */
  readonly key: string;
  readonly id: string;
  readonly url: string;
  /** Its start; empty where it has none. */
  readonly text: string;
  readonly source: string;
  /** The cursor that resumes after it. */
  readonly origin: string;
}

export function dropMessage({ text, ...rest }: DropExample): Outgoing {
  const key = `${rest.stage}/${rest.reason}/${rest.key}`;
  return { topic: DROPS, key, value: Buffer.from(text), headers: { ...rest } };
}

export interface DeadLetter {
  readonly key: string;
  /** The record or message as it came. */
  readonly bytes: Buffer;
  readonly headers: {
    readonly stage: string;
    readonly code: string;
    readonly reason: string;
    /** Where the bytes are a message: the topic it came from, and can be sent to again. */
    readonly topic?: string;
    /** The stages that let it through before, comma-separated. */
    readonly passed?: string;
    readonly source?: string;
    /** The cursor that resumes after the record. */
    readonly origin?: string;
    readonly traceparent?: string;
  };
}

export function deadMessage({ key, bytes, headers }: DeadLetter): Outgoing {
  return { topic: DEAD, key, value: bytes, headers: { ...headers } };
}

/** A null value evicts. */
export function selectionMessage(change: Omit<Selection, 'value'> & { readonly value: Buffer | null }): Outgoing {
  const { delta, list, key, value } = change;
  return {
    topic: SELECTION,
    key: `${delta}/${list}/${key}`,
    value: value === null ? null : selectionCodec.encode({ ...change, value }),
    headers: {},
  };
}

/** What became of an alert; one over its rule's limit waits for the digest as well, with all others of its delta. */
export function alertMessages(alert: Alert): readonly Outgoing[] {
  const message = { value: alertCodec.encode(alert), headers: {} };
  const held = { ...message, topic: HELD, key: alert.delta };
  return [{ ...message, topic: ALERTS, key: alert.id }, ...(alert.held === 'limit' ? [held] : [])];
}

/** A document that passed a threshold, for whoever settles whether it is told of. */
export function matchMessage(alert: Alert): Outgoing {
  return { topic: MATCHES, key: alert.delta, value: alertCodec.encode(alert), headers: {} };
}

/** A running value of the rules. */
export function ruleMessage({ name, value }: { readonly name: string; readonly value: Buffer }): Outgoing {
  return { topic: RULES, key: name, value, headers: {} };
}
