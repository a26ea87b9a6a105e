/** Files of WARC records: what all share that read them. */
import zlib from 'node:zlib';
import { z } from 'zod';
import { Drop, Reject } from '../../../pipeline/contract.ts';
import { ConfigError } from '../../../pipeline/error.ts';
import { windowOf } from '../bytes/content.ts';
import type { Input } from '../bytes/input.ts';
import { instantOf } from '../document/instant.ts';
import { placeSettings } from '../fetch/settings.ts';
import { OtherFile } from '../files/other-file.ts';
import type { Format, Outcome } from '../files/source.ts';
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

export const keepConfig = {
  keep: z
    .enum(['main', 'all'])
    .default('main')
    .describe('text of an HTML page that is kept: its content, or its navigation, headers and footers as well'),
};

/** The page that a record holds, which is one of the collection's documents. */
export type PageIn = (record: WarcRecord, url: string | null) => Page | Reject | Drop;

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
        for await (const placed of frame(window, after?.member ?? 0, maxBytes)) {
          const { member, index } = placed;
          if (member === after?.member && index <= after.record) continue;
          yield {
            place: { ...tag, member, record: index },
            ...recordOutcome(placed, `${input.name}:${member}:${index}`, pageIn),
          };
        }
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
export function recordOutcome(placed: Placed, unnamed: string, pageIn: PageIn): Outcome {
  if ('reject' in placed) return { reject: placed.reject, bytes: placed.bytes };
  const { record } = placed;
  const url = urlOf(record);
  const page = pageIn(record, url);
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
