/** The files that a path, a folder or a glob stands for, always in the same order. */
import { createReadStream, type Stats } from 'node:fs';
import { glob, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { ConfigError } from '../../../pipeline/error.ts';
import { fileInput, type Input, pipeInput } from '../bytes/input.ts';

const MAGIC = /[*?[\]{}]/;

/**
 * A file is taken whatever its name; of a folder, searched to its leaves, the files whose names match `wanted`; of a glob,
 * all that match. Sorted by name, by code unit. Hidden files and folders of a folder are left out, links to files followed.
 *
 * @param mayBeEmpty whether a folder or a glob may hold no file yet
 * @throws ConfigError where there is nothing to read, or it may not be read
 */
export async function filesOf(path: string, wanted: RegExp, mayBeEmpty: boolean): Promise<readonly Input[]> {
  const found = await find(path, wanted).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error;
    throw new ConfigError(`${error.path ?? path} may not be read: let this user read it, or name what may be read`);
  });
  if (found.length === 0 && !mayBeEmpty)
    throw new ConfigError(`${path} holds no file to read; in a folder, those are ${wanted}`);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function find(path: string, wanted: RegExp): Promise<Input[]> {
  const what = await statOf(path);
  if (what?.isDirectory()) return await inputs(path, await walk(path, wanted));
  if (what !== undefined) return [inputOf(path, basename(path), what)];
  if (!MAGIC.test(path)) throw new ConfigError(`${path}: no such file or folder, and no glob`);

  const { root, pattern } = splitGlob(path);
  const names: string[] = [];
  try {
    for await (const name of glob(pattern, { cwd: root })) names.push(name);
  } catch (error) {
    refused(path)(error);
  }
  return await inputs(root, names);
}

async function inputs(root: string, names: readonly string[]): Promise<Input[]> {
  const found: Input[] = [];
  for (const name of names) {
    const path = join(root, name);
    const what = await statOf(path);
    if (what?.isFile()) found.push(inputOf(path, name.split(sep).join('/'), what));
  }
  return found;
}

function inputOf(path: string, name: string, what: Stats): Input {
  if (what.isFile()) return fileInput(resolve(path), name, what.size, `${what.size} ${what.mtimeMs}`);
  return pipeInput(name, () => createReadStream(path));
}

/** Names of files below `root` that match; linked folders are not entered, so there is no way round in circles. */
async function walk(root: string, wanted: RegExp): Promise<readonly string[]> {
  const names: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const below = join(root, folder);
    for (const entry of await readdir(below, { withFileTypes: true }).catch(refused(below))) {
      if (entry.name.startsWith('.')) continue;
      const name = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(name);
      else if (wanted.test(entry.name)) names.push(name);
    }
  }
  return names;
}

/** The folder up to the first part with a wildcard, and the rest. */
function splitGlob(path: string): { readonly root: string; readonly pattern: string } {
  const parts = path.split(sep === '\\' ? /[\\/]/ : '/');
  const first = parts.findIndex((part) => MAGIC.test(part));
  const root = parts.slice(0, first).join('/');
  return { root: root === '' ? (path.startsWith('/') ? '/' : '.') : root, pattern: parts.slice(first).join('/') };
}

async function statOf(path: string): Promise<Stats | undefined> {
  return await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ELOOP') return undefined;
    return refused(path)(error);
  });
}

/** What this user may not read is a mistake in what was asked for. */
function refused(path: string): (error: unknown) => never {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new ConfigError(`${path} cannot be read by this user (${code}): allow it, or name a folder without it`, {
      cause: error,
    });
  };
}
