/** A folder of files that a checkpoint is read from: on this machine, or behind http (url-folder.ts, hub-folder.ts). */
import { constants } from 'node:fs';
import { access, open, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../pipeline/error.ts';
import type { ByteRange } from './checkpoint.ts';
import { CheckpointError } from './error.ts';

export interface Folder {
  /** What the user called it. */
  readonly ref: string;
  /** Reading costs the network. */
  readonly remote: boolean;
  /** What to add where something is not there: empty, or why it may only seem so. */
  readonly caveat: string;
  /**
   * A whole small file; undefined where there is none.
   * @throws CheckpointError where it holds more than `limit` bytes
   */
  read(name: string, limit: number, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** A file to be read by range; undefined where there is none. */
  open(name: string, signal: AbortSignal): Promise<RangedFile | undefined>;
}

export interface RangedFile {
  /** Size of the file. */
  readonly bytes: number;
  /** The bytes from `offset` on, in pieces, exactly `bytes` of them. */
  read(offset: number, bytes: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Where each of the ranges is in a file on this machine. */
  place(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<readonly Place[]>;
}

export interface Place {
  /** Absolute, and no symbolic link: ONNX Runtime opens neither relative paths nor links out of a folder. */
  readonly path: string;
  /** Where in that file the bytes begin. */
  readonly offset: number;
}

const PIECE_BYTES = 4 << 20;

/** @throws ConfigError where there is no such folder */
export async function localFolder(path: string): Promise<Folder> {
  const root = resolve(path);
  const found = await stat(root).catch(missing);
  if (!found?.isDirectory()) {
    const fault = found === undefined ? 'does not exist' : 'is a file';
    throw new ConfigError(
      `${path} ${fault}; expected the folder of a checkpoint (or hf:org/model@revision, https://...)`,
    );
  }
  return {
    ref: path,
    remote: false,
    caveat: '',

    async read(name, limit, signal) {
      return await readWhole(join(root, name), limit, signal);
    },

    async open(name) {
      const file = await realpath(join(root, name)).catch(missing);
      return file === undefined ? undefined : await localFile(file);
    },
  };
}

/**
 * undefined where there is no such file
 * @throws CheckpointError where it holds more than `limit` bytes
 */
export async function readWhole(path: string, limit: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const size = (await stat(path).catch(missing))?.size;
  if (size === undefined) return undefined;
  if (size > limit) throw new CheckpointError(`${path}: ${size} bytes, at most ${limit} are read`);
  return await readFile(path, { signal });
}

/** @param path absolute, and no symbolic link */
export async function localFile(path: string): Promise<RangedFile> {
  await access(path, constants.R_OK).catch(() => {
    throw new CheckpointError(`${path}: no right to read it`);
  });
  const { size } = await stat(path);
  return {
    bytes: size,

    async *read(offset, bytes, signal) {
      await using file = await open(path);
      for (let done = 0; done < bytes; ) {
        signal?.throwIfAborted();
        const piece = new Uint8Array(Math.min(PIECE_BYTES, bytes - done));
        const { bytesRead } = await file.read(piece, 0, piece.length, offset + done);
        if (bytesRead === 0) {
          throw new CheckpointError(`${path}: ends at byte ${offset + done}, expected ${offset + bytes}`);
        }
        yield piece.subarray(0, bytesRead);
        done += bytesRead;
      }
    },

    place: async (ranges) => ranges.map(({ offset }) => ({ path, offset })),
  };
}

function missing(error: unknown): undefined {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}
