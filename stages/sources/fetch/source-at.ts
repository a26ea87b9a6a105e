/** A source of files wherever they are: on this machine, behind http(s), in an S3 store. */
import { posix, resolve } from 'node:path';
import type { Source } from '../../../pipeline/contract.ts';
import { ConfigError } from '../../../pipeline/error.ts';
import type { Input } from '../bytes/input.ts';
import { filesOf } from '../files/list.ts';
import { type Format, filesSource } from '../files/source.ts';
import { isMissing } from './error.ts';
import { openRoot, REMOTE } from './root.ts';
import { s3Client } from './s3.ts';
import type { RemoteSettings } from './settings.ts';
import { whileRead } from './while-read.ts';

export interface Place extends RemoteSettings {
  readonly path: string;
}

/** @param wanted names of files that are taken from a folder */
export function sourceAt<At>(format: Format<At>, { path, ...remote }: Place, wanted: RegExp): Source {
  if (!REMOTE.test(path)) {
    return filesSource(format, {
      path: resolve(path),
      waits: false,
      list: (mayBeEmpty) => filesOf(path, wanted, mayBeEmpty),
    });
  }
  return /^s3:/i.test(path) ? objects(format, path, remote, wanted) : page(format, path, remote);
}

/** One file behind http(s). */
function page<At>(format: Format<At>, path: string, remote: RemoteSettings): Source {
  const url = URL.parse(path);
  if (url === null) throw new ConfigError(`${path} is no address`);
  const root = openRoot(new URL('.', url).href, remote);
  const name = posix.basename(url.pathname) || url.host;
  const list = async (): Promise<readonly Input[]> => {
    const file = root.file(url.href, name); // which asks its server once
    const { size, validator } = await file.open(new AbortController().signal).catch((cause: Error) => {
      throw isMissing(cause) ? new ConfigError(cause.message, { cause }) : cause;
    });
    return [{ ...file, size, ...(validator === undefined ? {} : { version: `${size} ${validator}` }) }];
  };
  return whileRead(filesSource(format, { path: url.href, waits: false, list }), root.close);
}

const WILD = /[*?[\]{}]/;

/** An object, those below a key that ends with a slash, or those whose keys match a glob. */
function objects<At>(format: Format<At>, path: string, remote: RemoteSettings, wanted: RegExp): Source {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/is.exec(path) ?? [];
  if (bucket === '') throw new ConfigError(`${path}: expected s3://bucket/key`);
  const wild = key.search(WILD);
  const fixed = wild === -1 ? key : key.slice(0, wild);
  const folder = fixed.slice(0, fixed.lastIndexOf('/') + 1);
  const root = openRoot(`s3://${bucket}/`, remote);
  const store = s3Client(remote.s3);

  function isWanted(found: string): boolean {
    if (wild !== -1) return posix.matchesGlob(found, key);
    return found === key || ((key === '' || key.endsWith('/')) && wanted.test(posix.basename(found)));
  }

  async function list(mayBeEmpty: boolean): Promise<readonly Input[]> {
    const found: Input[] = [];
    try {
      for await (const { key: name, size, version } of store.list(bucket, fixed, new AbortController().signal)) {
        if (!isWanted(name)) continue;
        const address = encodeURIComponent(name).replaceAll('%2F', '/');
        found.push({ ...root.file(address, name.slice(folder.length)), size, version });
      }
    } finally {
      await store.close();
    }
    if (found.length === 0 && !mayBeEmpty)
      throw new ConfigError(`${path} holds no object to read; below a key, those are ${wanted}`);
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  return whileRead(filesSource(format, { path, waits: false, list }), root.close);
}
