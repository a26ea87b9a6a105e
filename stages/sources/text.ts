/** `text:PATH`: one document a file, in any encoding; a file, a folder or a glob. */
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { Drop, type Plugin, Reject, type Source } from '../../pipeline/contract.ts';
import type { Input } from './bytes/input.ts';
import { placeSettings } from './fetch/settings.ts';
import { sourceAt } from './fetch/source-at.ts';
import { OtherFile } from './files/other-file.ts';
import type { Format, Outcome } from './files/source.ts';
import { decodeText } from './web/charset.ts';

const config = z.strictObject({
  ...placeSettings,
  maxBytes: z
    .int()
    .min(1)
    .default(16 << 20)
    .describe('bytes of a file; larger ones are rejected as too-large'),
});
type Config = z.infer<typeof config>;

export const text: Plugin<Config, Source> = {
  name: 'text',
  summary: 'text files, one document each, named by its path: files, folders, globs, addresses',
  config,
  short: (path) => ({ path }),
  create: ({ maxBytes, ...place }) => sourceAt(format(maxBytes), place, /./),
};

/** A file is one record: the cursor that names it is past it. */
const place = z.strictObject({
  /** CRC-32 of its first bytes, as many as are read: tells when it was written anew. */
  crc: z.string().optional(),
});

function format(max: number): Format<z.infer<typeof place>> {
  return {
    kind: 'text',
    place,
    async *read(input, after, signal) {
      const bytes = await head(input, max, signal);
      const crc = crc32(bytes).toString(16);
      if (after === undefined) yield { place: { crc }, ...outcomeOf(bytes, input, max) };
      else if (after.crc !== undefined && after.crc !== crc) throw new OtherFile(input, 'its text is another one');
    },

    async locate(input, _, signal) {
      const length = input.size ?? 0;
      return { offset: 0, length, within: null, bytes: await input.peek(0, length, signal) };
    },
  };
}

/** Chunks of the file from its start, until they hold more than `max` bytes. */
async function head(input: Input, max: number, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of input.read(0, signal)) {
    parts.push(chunk);
    length += chunk.length;
    if (length > max) break;
  }
  return Buffer.concat(parts);
}

/** What is kept of a file that is too large. */
const KEPT = 64 << 10;

function outcomeOf(bytes: Buffer, { name, size }: Input, max: number): Outcome {
  if (bytes.length > max) {
    const reject = new Reject('too-large', `the file has ${size ?? `more than ${max}`} bytes, at most ${max} are read`);
    return { reject, bytes: Buffer.from(bytes.subarray(0, KEPT)) };
  }

  const content = decodeText(bytes);
  if (content === undefined) return { reject: new Reject('undecodable-text', 'the file is not text'), bytes };
  if (content.trim() === '') return { drop: new Drop('empty') };
  return { document: { id: name, url: null, text: content, extraction: 'plain' } };
}
