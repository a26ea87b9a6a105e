/** Where files are named by paths: a folder, or what is below an address of http(s) or S3. */
import { stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { ConfigError } from '../../../pipeline/error.ts';
import { fileInput } from '../bytes/input.ts';
import { client } from './client.ts';
import { FetchError } from './error.ts';
import { httpOf } from './http-of.ts';
import { type RemoteInput, remoteInput } from './remote-input.ts';
import { s3Client } from './s3.ts';
import type { RemoteSettings } from './settings.ts';

export interface Root {
  /** Absolute, ends with a slash. */
  readonly address: string;
  /**
   * The file at a path below, whether or not there is one.
   *
   * @throws FetchError `refused` where the path leads elsewhere: lists and indices are written by others
   */
  file(path: string, name?: string): RemoteInput;
  close(): Promise<void>;
}

export const REMOTE = /^(https?|s3):\/\//i;

/** @throws ConfigError where a setting is missing that the address needs */
export function openRoot(address: string, settings: RemoteSettings): Root {
  if (!REMOTE.test(address)) return folder(resolve(address));
  const base = URL.parse(address.endsWith('/') ? address : `${address}/`);
  if (base === null) throw new ConfigError(`${address} is no address`);
  const files = base.protocol === 's3:' ? s3Client(settings.s3) : client(httpOf(address, settings.http));
  return {
    address: base.href,
    file(path, name = path) {
      const url = URL.parse(path, base.href);
      if (url?.href.startsWith(base.href) !== true) throw outside(path, base.href);
      return remoteInput(files, url, name);
    },
    close: files.close,
  };
}

function outside(path: string, root: string): FetchError {
  return new FetchError(`${path} is no path below ${root}`, 'refused');
}

function folder(root: string): Root {
  return {
    address: `${root}/`,
    close: async () => {},

    file(path, name = path) {
      const place = join(root, path);
      if (!place.startsWith(join(root, sep))) throw outside(path, root);
      const input = fileInput(place, name, Number.POSITIVE_INFINITY);
      return {
        ...input,
        size: null,
        open: async () => ({ size: (await stat(place).catch(missing)).size, validator: undefined }),
        peek: async (from, to, signal) => await input.peek(from, to, signal).catch(missing),
        async *read(from, signal) {
          await stat(place).catch(missing);
          yield* input.read(from, signal);
        },
      };
    },
  };
}

/** @throws FetchError where a file is not there; anything else as it is */
function missing(error: NodeJS.ErrnoException): never {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  throw new FetchError(`${error.path}: there is no such file`, 'missing', { cause: error });
}
