/** Where files are named by paths: a folder, or what is below an address of http(s) or S3. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
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
  /** The file at a path below, whether or not there is one. */
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
    file: (path, name = path) => remoteInput(files, new URL(path, base), name),
    close: files.close,
  };
}

function folder(root: string): Root {
  return {
    address: `${root}/`,
    close: async () => {},

    file(path, name = path) {
      const place = join(root, path);
      const input = fileInput(place, name, Number.POSITIVE_INFINITY);
      return {
        ...input,
        size: null,
        async open() {
          const what = await stat(place).catch((cause: NodeJS.ErrnoException) => {
            if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause;
            throw new FetchError(`${place}: there is no such file`, 'missing', { cause });
          });
          return { size: what.size, validator: undefined };
        },
      };
    },
  };
}
