/** A data set in a folder: a clone of its repository, or a snapshot in the hub's cache. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../../pipeline/error.ts';
import type { Input } from '../bytes/input.ts';
import { filesOf } from '../files/list.ts';
import type { DatasetFiles } from './files.ts';

/** What git keeps of a file that was not fetched. */
const POINTER = 'version https://git-lfs.github.com/spec/';

export function folderFiles(root: string): DatasetFiles {
  return {
    address: root,
    close: async () => {},

    assertFetched,
    look: async (wanted, mayBeEmpty) => ({
      files: await filesOf(root, wanted, mayBeEmpty),
      card: await cardOf(root),
    }),
  };
}

async function cardOf(root: string): Promise<string> {
  return await readFile(join(root, 'README.md'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}

async function assertFetched(input: Input, signal: AbortSignal): Promise<void> {
  if (input.size === null || input.size > 1024) return;
  const head = await input.peek(0, POINTER.length, signal);
  if (head.toString('latin1') === POINTER) {
    throw new ConfigError(`${input.address} is a pointer of git LFS, not the file: fetch it with \`git lfs pull\``);
  }
}
