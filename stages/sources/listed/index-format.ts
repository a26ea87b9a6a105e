/** Files of an index as a format: each hit that is asked for is read from the WARC file it points into. */
import zlib from 'node:zlib';
import { z } from 'zod';
import { Reject } from '../../../pipeline/contract.ts';
import type { Input } from '../bytes/input.ts';
import { FetchError } from '../fetch/error.ts';
import type { Root } from '../fetch/root.ts';
import { ahead } from '../files/ahead.ts';
import { OtherFile } from '../files/other-file.ts';
import type { Format, Found, Outcome } from '../files/source.ts';
import { type PageIn, recordOutcome } from '../warc/collection.ts';
import type { Hit } from './hit.ts';
import { END, type FoundHit, hitsIn } from './hits.ts';
import { recordAt } from './record-at.ts';

/** Lines or rows up to `row` are read; where that is `END`, all that can be. */
const place = z.strictObject({
  head: z.string(),
  row: z.int().min(0),
  at: z.tuple([z.string(), z.int(), z.int().nullable()]).optional(),
});
export type HitPlace = z.infer<typeof place>;

export interface IndexOptions {
  readonly kind: string;
  readonly root: Root;
  readonly takes: (hit: Hit) => boolean;
  readonly maxBytes: number;
  readonly pageIn: PageIn;
}

/** Bytes of an index file that its checksum is taken of. */
const HEAD = 1024;
/** Records that are asked for at a time: what a server allows is held to by the root. */
const AT_ONCE = 8;
/** Bytes that a column of a row group of an index may take. */
const MAX_INDEX_BYTES = 128 << 20;

export function indexFormat({ kind, root, takes, maxBytes, pageIn }: IndexOptions): Format<HitPlace> {
  async function outcomeOf({ found, bytes }: FoundHit, signal: AbortSignal): Promise<Outcome> {
    if (found instanceof Reject) return { reject: found, bytes };
    const { file, offset } = found;
    try {
      const placed = await recordAt(root.file(file), found, maxBytes, signal);
      return await recordOutcome(placed, `${file}:${offset}:0`, pageIn);
    } catch (error) {
      if (!(error instanceof FetchError) || error.kind === 'busy') throw error;
      return { reject: new Reject('unavailable', error.message), bytes: Buffer.from(`${root.address}${file}`) };
    }
  }

  return {
    kind,
    place,

    async *read(input, after, signal) {
      const head = await headOf(input, signal);
      if (after !== undefined && after.head !== head) throw new OtherFile(input, 'it begins otherwise');
      if (after?.row === END) return;

      async function* wanted(): AsyncGenerator<FoundHit> {
        for await (const hit of hitsIn(input, after?.row ?? 0, MAX_INDEX_BYTES, signal)) {
          if (hit.found instanceof Reject || takes(hit.found)) yield hit;
        }
      }
      async function found(hit: FoundHit, stop: AbortSignal): Promise<Found<HitPlace>> {
        const at =
          hit.found instanceof Reject
            ? {}
            : { at: [hit.found.file, hit.found.offset, hit.found.length] as [string, number, number | null] };
        return { place: { head, row: hit.row, ...at }, ...(await outcomeOf(hit, stop)) };
      }
      yield* ahead(wanted(), { most: AT_ONCE }, found, signal);
    },

    async locate(input, { head, at }, signal) {
      if ((await headOf(input, signal)) !== head || at === undefined) throw new OtherFile(input, 'it begins otherwise');
      const [name, offset, length] = at;
      const file = root.file(name);
      const placed = await recordAt(file, { offset, length }, maxBytes, signal);
      const bytes = 'record' in placed ? placed.record.bytes : placed.bytes;
      return { file: file.address, offset, length: length ?? bytes.length, within: 'the first record there', bytes };
    },
  };
}

async function headOf(input: Input, signal: AbortSignal): Promise<string> {
  return zlib.crc32(await input.peek(0, HEAD, signal)).toString(16);
}
