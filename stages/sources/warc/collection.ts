/** Files of WARC records: what all share that read them. */
import zlib from 'node:zlib';
import { z } from 'zod';
import { type Awaitable, Drop, Reject } from '../../../pipeline/contract.ts';
import { ConfigError } from '../../../pipeline/error.ts';
import { windowOf } from '../bytes/content.ts';
import type { Input } from '../bytes/input.ts';
import { instantOf } from '../document/instant.ts';
import { placeSettings } from '../fetch/settings.ts';
import { ahead } from '../files/ahead.ts';
import { OtherFile } from '../files/other-file.ts';
import type { Format, Found, Outcome } from '../files/source.ts';
import type { Page } from '../web/page.ts';
import { frame, type Placed } from './framing.ts';
import { VERSION, type WarcRecord } from './record.ts';

export const collectionConfig = {
  ...placeSettings,
  maxBytes: z
    .int()
    .min(1)
    .default(8 << 20)
    .describe('bytes of a record, and of a page once decoded; larger ones are rejected as too-large'),
};

/** The page that a record holds, which is one of the collection's documents. */
export type PageIn = (record: WarcRecord, url: string | null) => Awaitable<Page | Reject | Drop>;

/** The record is number `record` of the member that begins at byte `member` of the file. */
const place = z.strictObject({
  /** CRC-32 of the beginning of the file: tells another file of the same name. */
  head: z.string(),
  /** The bytes it is of, where there were so few. */
  headBytes: z.int().optional(),
  member: z.int().min(0),
  record: z.int().min(0),
});
export type RecordPlace = z.infer<typeof place>;

/** Records that are read ahead of those that are waited for, and their bytes, so that threads have something to do. */
const AT_ONCE = 32;
const BYTES_AT_ONCE = 4 << 20;

const bytesOf = (placed: Placed): number => ('record' in placed ? placed.record : placed).bytes.length;

/** Bytes of a file that its checksum is taken of. */
const HEAD = 1024;

export function collectionFormat(kind: string, maxBytes: number, pageIn: PageIn): Format<RecordPlace> {
  return {
    kind,
    place,

    async *read(input, after, signal) {
      if (input.size === null) throw new ConfigError(`${input.name} is a pipe: ${kind} reads files`);
      const window = windowOf(input, signal);
      try {
        const head = (await window.view(0, HEAD)).subarray(0, HEAD);
        if (after !== undefined) assertSame(input, head, after);
        const tag = { head: checksum(head), ...(head.length < HEAD ? { headBytes: head.length } : {}) };
        async function* wanted(): AsyncGenerator<Placed> {
          for await (const placed of frame(window, after?.member ?? 0, maxBytes)) {
            if (placed.member !== after?.member || placed.index > after.record) yield placed;
          }
        }
        async function found(placed: Placed): Promise<Found<RecordPlace>> {
          const { member, index } = placed;
          const outcome = await recordOutcome(placed, `${input.name}:${member}:${index}`, pageIn);
          return { place: { ...tag, member, record: index }, ...outcome };
        }
        yield* ahead(wanted(), { most: AT_ONCE, weightOf: bytesOf, heaviest: BYTES_AT_ONCE }, found, signal);
      } finally {
        await window.close();
      }
    },

    async locate(input, at, signal) {
      const { member, record } = at;
      const window = windowOf(input, signal);
      try {
        assertSame(input, (await window.view(0, HEAD)).subarray(0, HEAD), at);
        const plain = (await window.view(member, VERSION.length)).subarray(0, VERSION.length).equals(VERSION);
        let bytes: Buffer | undefined;
        let end = input.size ?? 0;
        for await (const placed of frame(window, member, maxBytes)) {
          if (placed.member > member) {
            end = placed.member;
            break;
          }
          if (placed.index !== record) continue;
          bytes = Buffer.from('record' in placed ? placed.record.bytes : placed.bytes);
          if (plain) break;
        }
        if (bytes === undefined) throw new OtherFile(input, 'it begins otherwise or is shorter');
        if (plain) return { offset: member, length: bytes.length, within: null, bytes };
        return { offset: member, length: end - member, within: `record ${record} of the member there, from 0`, bytes };
      } finally {
        await window.close();
      }
    },
  };
}

function checksum(bytes: Buffer): string {
  return zlib.crc32(bytes).toString(16);
}

/** A file that has grown is the same one. */
function assertSame(input: Input, head: Buffer, was: RecordPlace): void {
  if (checksum(head.subarray(0, was.headBytes ?? HEAD)) !== was.head || was.member >= (input.size ?? 0)) {
    throw new OtherFile(input, 'it begins otherwise or is shorter');
  }
}

/** What becomes of what was found; `unnamed` is the id of a record that has none. */
export async function recordOutcome(placed: Placed, unnamed: string, pageIn: PageIn): Promise<Outcome> {
  if ('reject' in placed) return { reject: placed.reject, bytes: placed.bytes };
  const { record } = placed;
  const url = urlOf(record);
  const page = await pageIn(record, url);
  if (page instanceof Reject) return { reject: page, bytes: Buffer.from(record.bytes) };
  if (page instanceof Drop) return { drop: page };
  const { headers } = record;
  const id = headers.get('warc-record-id') || unnamed;
  return { document: { id, url, fetchedAt: instantOf(headers.get('warc-date')), ...page } };
}

/** Some writers put the address into angle brackets, as the standard's first edition did. */
function urlOf({ headers }: WarcRecord): string | null {
  return headers.get('warc-target-uri')?.replace(/^<(.*)>$/, '$1') || null;
}
