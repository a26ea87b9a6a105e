/** A data set on the Hugging Face hub, or on a server that speaks the same routes: its files at one commit, read by ranges. */
import { z } from 'zod';
import { ConfigError } from '../../../pipeline/error.ts';
import { parseHubRef } from '../../checkpoint/hub-folder.ts';
import { type Client, client } from '../fetch/client.ts';
import { httpOf } from '../fetch/http-of.ts';
import { remoteInput } from '../fetch/remote-input.ts';
import type { HttpSettings } from '../fetch/settings.ts';
import { bodyWithin } from '../pages/body-within.ts';
import type { DatasetFiles } from './files.ts';

export interface HubOptions {
  /** Address of the hub. */
  readonly hub: string;
  /** Sent to the hub alone, not to where it redirects. */
  readonly token: string | undefined;
  readonly http: HttpSettings | undefined;
}

/** Bytes of an answer of the API, and of a card. */
const MAX_ANSWER = 64 << 20;

const revisionAnswer = z.looseObject({ sha: z.string().regex(/^[0-9a-f]{40}$/) });
const treeAnswer = z.array(
  z.looseObject({
    type: z.string(),
    path: z.string(),
    size: z.number(),
    oid: z.string(),
    lfs: z.looseObject({ oid: z.string() }).optional(),
  }),
);

/**
 * @param ref hf:organisation/name@revision; at every look the revision is asked for its commit, whose files do not change
 * @throws ConfigError where it is not of the form, or the hub has nothing of that name
 */
export function hubFiles(ref: string, { hub, token, http }: HubOptions): DatasetFiles {
  const { repository, revision } = parseHubRef(ref);
  const base = URL.parse(hub.endsWith('/') ? hub : `${hub}/`);
  if (base === null) throw new ConfigError(`HF_ENDPOINT: ${hub} is no address of a hub`);
  const authorization = token === undefined ? undefined : { origin: base.origin, value: `Bearer ${token}` };
  const files: Client = client(httpOf(ref, http), { authorization });
  const at = (path: string) => new URL(path, base);
  const inPath = (name: string) => name.split('/').map(encodeURIComponent).join('/');

  /** Its body, and where the next part of it is; undefined where there is nothing. */
  async function get(url: URL, signal: AbortSignal): Promise<{ body: Buffer; next: URL | undefined } | undefined> {
    const answer = await files.get(url, {}, signal);
    const { status } = answer;
    if (status !== 200) {
      await answer.discard();
      if (status === 404) return undefined;
      const advice = token === undefined ? 'set HF_TOKEN, if the data set is not public' : 'HF_TOKEN may not read it';
      throw new ConfigError(`${url}: the hub answers ${status}: ${advice}`);
    }
    const { bytes, more } = await bodyWithin(answer.body, MAX_ANSWER);
    if (more) throw new ConfigError(`${url}: the hub answers with more than ${MAX_ANSWER} bytes`);
    const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(answer.header('link') ?? '')?.[1];
    return { body: bytes, next: next === undefined ? undefined : new URL(next, url) };
  }

  async function commitOf(signal: AbortSignal): Promise<string> {
    const url = at(`api/datasets/${repository}/revision/${encodeURIComponent(revision)}`);
    const found = await get(url, signal);
    if (found !== undefined) return said(revisionAnswer, found.body, url).sha;
    const advice = token === undefined ? ', or it is not public: HF_TOKEN is not set' : '';
    throw new ConfigError(`${base!.href} knows no data set ${repository} of revision ${revision}${advice}`);
  }

  async function treeOf(commit: string, signal: AbortSignal) {
    const entries: z.infer<typeof treeAnswer> = [];
    let url: URL | undefined = at(`api/datasets/${repository}/tree/${commit}?recursive=true`);
    while (url !== undefined) {
      if (url.origin !== base!.origin)
        throw new ConfigError(`the hub's list goes on at ${url}, which is none of its own`);
      const found = await get(url, signal);
      if (found === undefined) break;
      entries.push(...said(treeAnswer, found.body, url));
      url = found.next;
    }
    return entries.filter(({ type }) => type === 'file');
  }

  return {
    address: `${base.href}datasets/${repository}@${revision}`,
    close: files.close,
    assertFetched: async () => {},

    async look(wanted, _mayBeEmpty, signal) {
      const commit = await commitOf(signal);
      const urlOf = (path: string) => at(`datasets/${repository}/resolve/${commit}/${inPath(path)}`);
      const tree = await treeOf(commit, signal);
      const card = tree.some(({ path }) => path === 'README.md') ? await get(urlOf('README.md'), signal) : undefined;
      const isHidden = (path: string) => path.split('/').some((part) => part.startsWith('.'));
      const inputs = tree
        .filter(({ path }) => !isHidden(path) && wanted.test(path.slice(path.lastIndexOf('/') + 1)))
        .map(({ path, size, oid, lfs }) => ({
          ...remoteInput(files, urlOf(path), path),
          size,
          version: `${size} ${lfs?.oid ?? oid}`,
        }));
      return { card: card?.body.toString() ?? '', files: inputs.sort((a, b) => (a.name < b.name ? -1 : 1)) };
    },
  };
}

/** @throws ConfigError where the answer is not of the form */
function said<T>(schema: z.ZodType<T>, body: Buffer, url: URL): T {
  try {
    return schema.parse(JSON.parse(body.toString()));
  } catch (cause) {
    throw new ConfigError(`${url}: the hub answers otherwise than expected: ${(cause as Error).message}`, { cause });
  }
}
