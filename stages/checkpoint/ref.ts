/** What a user may call a checkpoint. */
import { ConfigError } from '../../pipeline/error.ts';
import type { CheckpointOptions } from './checkpoint.ts';
import { type Folder, localFolder } from './folder.ts';
import { http } from './http.ts';
import { hubFolder } from './hub-folder.ts';
import { urlFolder } from './url-folder.ts';

const PUBLIC_HUB = 'https://huggingface.co';

/** @throws ConfigError where `ref` is none of the forms, or names nothing */
export async function folderOf(
  ref: string,
  { cache, hub = PUBLIC_HUB, token, offline = false }: CheckpointOptions,
  signal: AbortSignal,
): Promise<Folder> {
  if (!/^(hf:|https?:\/\/)/.test(ref)) return await localFolder(ref);
  const address = URL.parse(hub);
  if (address === null) throw new ConfigError(`${hub}: expected the address of a hub, as ${PUBLIC_HUB}`);
  const client = http({ authorization: token === undefined ? undefined : { origin: address.origin, token } });
  if (ref.startsWith('hf:')) {
    return await hubFolder(ref, { cache, hub: hub.replace(/\/+$/, ''), http: offline ? undefined : client }, signal);
  }
  if (offline) throw new ConfigError(`${ref}: offline, only folders and what the cache of the hub holds can be read`);
  return urlFolder(ref, cache, client);
}
