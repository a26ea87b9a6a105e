/** Parts of one remote safetensors file, kept in a folder of this machine: its header, and the ranges that were asked for. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ByteRange } from './checkpoint.ts';

export interface Beginning {
  /** Size of the whole file. */
  readonly total: number;
  /** What the hub calls its content: the sha-256 of large files. */
  readonly hash?: string | undefined;
  /** Its bytes up to the first tensor's. */
  readonly header: Uint8Array;
}

export interface PartStore {
  beginning(): Promise<Beginning | undefined>;
  keepBeginning(beginning: Beginning): Promise<void>;
  /** Path of the file that holds just this range. */
  find(range: ByteRange): Promise<string | undefined>;
  keep(range: ByteRange, pieces: AsyncIterable<Uint8Array>): Promise<string>;
}

/**
 * @param folder may not be there yet
 * @param reuse what an earlier run left there is of the same content: the folder's name stands for it
 */
export function partStore(folder: string, reuse: boolean): PartStore {
  const header = join(folder, 'header');
  const pathOf = ({ offset, bytes }: ByteRange) => join(folder, `${offset}-${bytes}.part`);
  return {
    async beginning() {
      const kept = reuse ? await readFile(header).catch(() => undefined) : undefined;
      if (kept === undefined) return undefined;
      const line = kept.indexOf('\n');
      const { total, hash } = JSON.parse(kept.toString('utf8', 0, line)) as { total: number; hash?: string };
      return { total, hash, header: Uint8Array.from(kept.subarray(line + 1)) };
    },

    async keepBeginning({ total, hash, header: bytes }) {
      await writeWhole(header, [Buffer.from(`${JSON.stringify({ total, hash })}\n`), bytes]);
    },

    async find(range) {
      const path = pathOf(range);
      const found = reuse ? await stat(path).catch(() => undefined) : undefined;
      return found?.size === range.bytes ? path : undefined;
    },

    async keep(range, pieces) {
      await writeWhole(pathOf(range), pieces);
      return pathOf(range);
    },
  };
}

/** Writes a file that others see whole or not at all. */
export async function writeWhole(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${randomUUID()}.incomplete`;
  try {
    {
      await using file = await open(unfinished, 'wx');
      for await (const piece of pieces) await file.appendFile(piece);
      await file.sync();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
