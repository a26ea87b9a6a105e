/** hf:org/model@revision: a repository of the Hugging Face hub, or of a server that speaks the same routes. */
import { createHash } from 'node:crypto';
import { ConfigError } from '../../pipeline/error.ts';
import { CheckpointError } from './error.ts';
import { type Folder, localFile, readWhole } from './folder.ts';
import type { Http } from './http.ts';
import { type HubCache, hubCache, isCommit } from './hub-cache.ts';
import { parseJson } from './json.ts';
import { partStore } from './part-store.ts';
import { contentHash, openProbed, probe, type RemoteOptions, remoteFile } from './remote-file.ts';

export interface HubOptions {
  /** Folder of the Hugging Face cache (HF_HOME). */
  readonly cache: string;
  /** Address of the hub, without a slash at its end. */
  readonly hub: string;
  /** undefined: offline, only the cache is looked at. */
  readonly http: Http | undefined;
}

const MAX_API_BYTES = 64 << 20;

/** @throws ConfigError where `ref` is not of the form, or the hub or the cache has nothing of that name */
export async function hubFolder(ref: string, options: HubOptions, signal: AbortSignal): Promise<Folder> {
  const { hub, http } = options;
  const { repository, revision } = parseHubRef(ref);
  const cache = hubCache(options.cache, repository);
  const commit = await commitOf(repository, revision, cache, options, signal);
  const urlOf = (name: string) => `${hub}/${repository}/resolve/${commit}/${name}`;

  function checkCommit(url: string, said: string | undefined): void {
    if (said !== undefined && said !== commit) throw new CheckpointError(`${url}: the hub answers with commit ${said}`);
  }

  return {
    ref,
    remote: true,
    caveat: http === undefined ? ` (offline, only the cache in ${options.cache} was looked at)` : '',

    async read(name, limit, signal) {
      const kept = await cache.find(commit, name);
      if (kept !== undefined) return await readWhole(kept, limit, signal);
      const url = urlOf(name);
      const whole = await http?.whole(url, limit, signal);
      if (whole === undefined) return undefined;
      const { bytes, answer } = whole;
      checkCommit(url, answer.header('x-repo-commit'));
      await cache.keep(commit, name, contentHash(answer) ?? createHash('sha256').update(bytes).digest('hex'), [bytes]);
      return bytes;
    },

    async open(name, signal) {
      const kept = await cache.find(commit, name);
      if (kept !== undefined) return await localFile(kept);
      const url = urlOf(name);
      const parts = partStore(cache.partsOf(commit, name), true);
      const remote: RemoteOptions = {
        url,
        parts,
        keepWhole: (pieces, hash) => cache.keep(commit, name, hash ?? `${commit}-${name}`, pieces),
      };
      const beginning = await parts.beginning();
      if (beginning !== undefined) return remoteFile(remote, http, beginning);
      const probed = http && (await probe(http, url, signal));
      if (http === undefined || probed === undefined) return undefined;
      checkCommit(url, probed.commit);
      return await openProbed(remote, http, probed, signal);
    },
  };
}

async function commitOf(
  repository: string,
  revision: string,
  cache: HubCache,
  { hub, http, cache: home }: HubOptions,
  signal: AbortSignal,
): Promise<string> {
  if (isCommit(revision)) return revision;
  if (http === undefined) {
    const kept = await cache.commitOf(revision);
    if (kept !== undefined) return kept;
    throw new ConfigError(
      `${repository}: revision ${revision} is not in the cache in ${home}, and offline nobody is asked`,
    );
  }
  const url = `${hub}/api/models/${repository}/revision/${encodeURIComponent(revision)}`;
  const whole = await http.whole(url, MAX_API_BYTES, signal);
  if (whole === undefined) {
    throw new ConfigError(`${hub} knows no model ${repository} of revision ${revision}`);
  }
  const { sha } = parseJson(whole.bytes, `the answer of ${url}`);
  if (typeof sha !== 'string' || !isCommit(sha)) throw new CheckpointError(`${url}: answers with no commit`);
  await cache.keepCommit(revision, sha);
  return sha;
}

/** @throws ConfigError where it is not of the form; no part of it may lead out of the cache */
export function parseHubRef(ref: string): { readonly repository: string; readonly revision: string } {
  const match = /^hf:([\w.-]+(?:\/[\w.-]+)?)(?:@([\w.+@/-]+))?$/.exec(ref);
  const [, repository = '', revision = 'main'] = match ?? [];
  const segments = [...repository.split('/'), ...revision.split('/')];
  if (match === null || segments.some((segment) => /^\.*$/.test(segment))) {
    throw new ConfigError(`${ref}: expected hf:organisation/name or hf:organisation/name@revision`);
  }
  return { repository, revision };
}
