/**
 * The cache that Python's huggingface_hub keeps in HF_HOME, read and written so that both share it:
 *
 *     hub/models--org--name/refs/main                    the commit that a revision stood for when it was last asked
 *                          /blobs/<etag>                 files by their hash
 *                          /snapshots/<commit>/<file>    links to blobs
 *
 * Parts of files have no place there; they are beside it, in deltasift/.
 */
import { createHash, randomUUID } from 'node:crypto';
import { copyFile, mkdir, readFile, realpath, rename, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { CheckpointError } from './error.ts';
import { writeWhole } from './part-store.ts';

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface HubCache {
  /** What a revision stood for when it was last asked. */
  commitOf(revision: string): Promise<string | undefined>;
  keepCommit(revision: string, commit: string): Promise<void>;
  /** Path of a whole file, no link. */
  find(commit: string, name: string): Promise<string | undefined>;
  /**
   * Keeps a whole file and tells its path, no link.
   * @param hash the etag that the hub gives the file: its sha-256 for large ones, which is then checked
   */
  keep(commit: string, name: string, hash: string, pieces: Pieces): Promise<string>;
  /** Where parts of a file are kept. */
  partsOf(commit: string, name: string): string;
}

/** @param home HF_HOME */
export function hubCache(home: string, repository: string): HubCache {
  const name = `models--${repository.replaceAll('/', '--')}`;
  const root = join(home, 'hub', name);
  const snapshot = (commit: string, file: string) => join(root, 'snapshots', commit, file);
  const find = (commit: string, file: string) => realpath(snapshot(commit, file)).catch(() => undefined);
  return {
    async commitOf(revision) {
      const commit = (await readFile(join(root, 'refs', revision), 'utf8').catch(() => '')).trim();
      return isCommit(commit) ? commit : undefined;
    },

    async keepCommit(revision, commit) {
      await writeWhole(join(root, 'refs', revision), [Buffer.from(commit)]);
    },

    find,

    async keep(commit, file, hash, pieces) {
      const blob = /^\w[\w.-]{0,127}$/.test(hash) ? hash : createHash('sha256').update(hash).digest('hex');
      const path = join(root, 'blobs', blob);
      if ((await stat(path).catch(() => undefined)) === undefined) {
        await writeWhole(path, /^[0-9a-f]{64}$/.test(hash) ? checked(pieces, hash, `${repository}: ${file}`) : pieces);
      }
      await link(path, snapshot(commit, file));
      return await realpath(path);
    },

    partsOf: (commit, file) => join(home, 'deltasift', name, commit, file),
  };
}

/** A revision that can stand for no other files later. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

async function* checked(pieces: Pieces, sha256: string, what: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
  const found = hash.digest('hex');
  if (found !== sha256)
    throw new CheckpointError(`${what}: its sha-256 is ${found}, the hub says ${sha256}; try again`);
}

/** A relative link to a blob, as the Python library makes them, or a copy where links are not allowed. */
async function link(blob: string, path: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const fresh = `${path}.${randomUUID()}.incomplete`;
  await symlink(relative(folder, blob), fresh).catch(() => copyFile(blob, fresh));
  await rename(fresh, path);
}
