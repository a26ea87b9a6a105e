/** `jsonl:PATH`: one JSON object a line, plain, gzip or zstd; a file, a folder, a glob, or - for standard input. */
import { isUtf8 } from 'node:buffer';
import zlib from 'node:zlib';
import { z } from 'zod';
import { Drop, type Plugin, Reject, type Source } from '../../pipeline/contract.ts';
import { openContent } from './bytes/content.ts';
import { Damage } from './bytes/damage.ts';
import { type Input, pipeInput, take } from './bytes/input.ts';
import { type Line, linesOf } from './bytes/lines.ts';
import { fieldsConfig } from './document/fields.ts';
import { documentOf } from './document/record.ts';
import { placeSettings } from './fetch/settings.ts';
import { sourceAt } from './fetch/source-at.ts';
import { OtherFile } from './files/other-file.ts';
import { type Format, filesSource, type Outcome } from './files/source.ts';

const config = z.strictObject({
  ...placeSettings,
  path: placeSettings.path.describe(
    'file, folder or glob; an address, https://..., s3://bucket/key; - reads standard input',
  ),
  fields: fieldsConfig('line', 'file:byte').describe(
    'where a line holds what is wanted: a key, or keys and indices joined by dots',
  ),
  maxLine: z
    .int()
    .min(1)
    .default(64 << 20)
    .describe('bytes of a line; longer ones are rejected as too-large'),
});
type Config = z.infer<typeof config>;

export const jsonl: Plugin<Config, Source> = {
  name: 'jsonl',
  summary: 'JSON lines, plain, gzip or zstd: files, folders, globs, addresses, standard input',
  config,
  short: (path) => ({ path }),

  create(settings) {
    if (settings.path !== '-') return sourceAt(jsonlFormat(settings), settings, /\.(jsonl|ndjson)(\.(gz|zst))?$/i);
    const list = async () => [pipeInput('-', () => process.stdin)];
    return filesSource(jsonlFormat(settings), { path: '-', waits: true, list });
  },
};

/** Bytes [from, to) of the decompressed file hold the line; `to` is `end` where the rest of the file cannot be read. */
const place = z.strictObject({
  /** CRC-32 of the file's first line: tells another file of the same name. */
  head: z.string(),
  from: z.int().min(0),
  to: z.union([z.int().min(0), z.literal('end')]),
  /** Bytes of the file when its end could not be read: with others there, that is tried again. */
  size: z.int().optional(),
});
type Place = z.infer<typeof place>;

export function jsonlFormat(settings: Pick<Config, 'fields' | 'maxLine'>): Format<Place> {
  return {
    kind: 'jsonl',
    place,
    grows: true,

    async *read(input, after, signal) {
      if (after?.to === 'end' && (after.size === undefined || after.size === input.size)) return;
      const content = await openContent(input, signal);
      let skipTo = after?.to === 'end' ? after.from : (after?.to ?? 0);
      const from = content.seekable ? skipTo : 0;
      let head = '';
      let at = from;
      try {
        if (from > 0) {
          head = await headOf(content.read(0));
          assertSame(input, head, after);
          if (!(await endsAt(input, from, signal))) throw new OtherFile(input, `no line ends at byte ${from} of it`);
        }
        for await (const line of linesOf(content.read(from), from, settings.maxLine)) {
          if (line.from === 0) {
            head = checksum(line.bytes);
            // a pipe has no identity: what begins otherwise is new
            if (input.size === null && head !== after?.head) skipTo = 0;
            else assertSame(input, head, after);
          }
          const outcome = line.to > skipTo && !isBlank(line.bytes) ? foundIn(line, input.name, settings) : undefined;
          if (outcome !== undefined && 'reject' in outcome && !line.ended && input.growing) return;
          at = line.to;
          if (outcome !== undefined) yield { place: { head, from: line.from, to: at }, ...outcome };
        }
        if (at < skipTo || (content.seekable && from > input.size!)) {
          throw new OtherFile(input, `it holds fewer than the ${skipTo} bytes that were read of it`);
        }
      } catch (error) {
        if (!(error instanceof Damage)) throw error;
        if (error.code === 'truncated-record' && input.growing) return;
        const reject = new Reject(
          error.code,
          `${input.name}: ${error.message}; what follows byte ${at} of its content is not read`,
        );
        const size = input.size ?? undefined;
        yield { place: { head, from: at, to: 'end', size }, reject, bytes: new Uint8Array() };
      } finally {
        await content.close();
      }
    },

    async locate(input, { head, from, to }, signal) {
      const content = await openContent(input, signal);
      try {
        if (to === 'end' || (await headOf(content.read(0))) !== head)
          throw new OtherFile(input, 'its first line is another one');
        const bytes = await take(content.read(from), to - from);
        if (content.seekable) return { offset: from, length: to - from, within: null, bytes };
        return { offset: 0, length: input.size ?? 0, within: `bytes ${from} to ${to} of what it unpacks to`, bytes };
      } finally {
        await content.close();
      }
    },
  };
}

/** Bytes of the first line that its checksum is taken of. */
const HEAD = 1024;

/** The checksum of the first line that starts these chunks. */
async function headOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  let head = Buffer.alloc(0);
  for await (const chunk of chunks) {
    head = Buffer.concat([head, chunk.subarray(0, HEAD)]);
    if (head.length >= HEAD || head.includes(0x0a)) break;
  }
  const end = head.indexOf(0x0a);
  return checksum(end === -1 ? head : head.subarray(0, end));
}

/** Whether a line, or the file, ends at this byte. */
async function endsAt(input: Input, at: number, signal: AbortSignal): Promise<boolean> {
  const around = await input.peek(at - 1, at + 1, signal);
  return around.length < 2 || around.includes(0x0a);
}

/** Without the white space behind it, which may come later than the line. */
function checksum(line: Buffer): string {
  const start = line.subarray(0, HEAD).toString('latin1').trimEnd();
  return zlib.crc32(Buffer.from(start, 'latin1')).toString(16).padStart(8, '0');
}

function assertSame(input: Input, head: string, after: Place | undefined): void {
  if (after !== undefined && head !== after.head) throw new OtherFile(input, 'its first line is another one');
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

function foundIn(
  { from, to, bytes, tooLong }: Line,
  file: string,
  { fields, maxLine }: Pick<Config, 'fields' | 'maxLine'>,
): Outcome {
  const outcome = tooLong
    ? new Reject('too-large', `the line has ${to - from} bytes, at most ${maxLine} are read`)
    : documentIn(from === 0 && bytes.subarray(0, 3).equals(BOM) ? bytes.subarray(3) : bytes);
  if (outcome instanceof Reject) return { reject: outcome, bytes: Buffer.from(bytes) };
  return outcome instanceof Drop ? { drop: outcome } : { document: outcome };

  function documentIn(line: Buffer) {
    if (!isUtf8(line)) return new Reject('undecodable-text', 'the line is not valid UTF-8');
    return documentOf(line.toString(), fields, `${file}:${from}`);
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte <= 0x20);
}
