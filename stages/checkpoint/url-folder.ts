/** https://host/folder: the files of a checkpoint behind any web server that sends ranges. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ConfigError } from '../../pipeline/error.ts';
import type { Folder } from './folder.ts';
import type { Http } from './http.ts';
import { partStore } from './part-store.ts';
import { openProbed, probe } from './remote-file.ts';

/**
 * @param cache folder of the Hugging Face cache (HF_HOME); parts of files are kept beside it, by their etag
 * @throws ConfigError where it is no address
 */
export function urlFolder(ref: string, cache: string, http: Http): Folder {
  const base = URL.parse(ref);
  if (base === null) throw new ConfigError(`${ref}: expected the address of a folder, as https://host/folder`);
  if (!base.pathname.endsWith('/')) base.pathname += '/';

  function urlOf(name: string): string {
    const url = new URL(name, base!);
    url.search = base!.search;
    return url.href;
  }

  return {
    ref,
    remote: true,
    caveat: '',
    read: async (name, limit, signal) => (await http.whole(urlOf(name), limit, signal))?.bytes,

    async open(name, signal) {
      const url = urlOf(name);
      const probed = await probe(http, url, signal);
      if (probed === undefined) return undefined;
      const { validator, total } = probed;
      const version = validator === undefined ? 'unversioned' : hash(`${validator} ${total}`);
      const parts = partStore(join(cache, 'deltasift', 'http', hash(url), version), validator !== undefined);
      const whole = { offset: 0, bytes: total };
      const keepWhole = async (pieces: AsyncIterable<Uint8Array>) =>
        (await parts.find(whole)) ?? (await parts.keep(whole, pieces));
      return await openProbed({ url, parts, keepWhole }, http, probed, signal);
    },
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
