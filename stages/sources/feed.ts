/** `feed:URL`: the pages that a feed links to, or what it holds of them itself. */
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { Drop, type Plugin, Reject, type Source } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import { Damage } from './bytes/damage.ts';
import { instantOf } from './document/instant.ts';
import type { Surroundings } from './fetch/client.ts';
import { FetchError } from './fetch/error.ts';
import { whileRead } from './fetch/while-read.ts';
import type { Outcome } from './files/source.ts';
import { bodyWithin } from './pages/body-within.ts';
import { type Entry, feedEntries } from './pages/feed-entries.ts';
import { type Validators, validatorsOf } from './pages/fetch-page.ts';
import { openPages } from './pages/open-pages.ts';
import { pageSettings } from './pages/settings.ts';
import { type Listed, pagesSource } from './pages/source.ts';
import { decodeText } from './web/charset.ts';
import type { Extraction } from './web/extract.ts';
import { pageOf } from './web/page.ts';

const address = z.url({ protocol: /^https?$/ });
const config = z.strictObject({
  url: z.union([address, z.array(address).min(1)]).describe('address of the feed, or of several'),
  content: z
    .enum(['page', 'feed'])
    .default('page')
    .describe('whether the pages are fetched that a feed links to, or its own texts of them are taken'),
  ...pageSettings,
});
type Config = z.infer<typeof config>;

export const feed: Plugin<Config, Source> = {
  name: 'feed',
  summary: 'pages that feeds link to, RSS, Atom or JSON Feed, or the texts in them',
  config,
  short: (url) => ({ url }),

  create: (settings) => feedSource(settings),
};

export function feedSource(settings: Config, surroundings?: Surroundings): Source {
  const urls = [settings.url].flat();
  const pages = openPages(urls[0]!, settings, surroundings);
  const known = new Map<string, Read>();

  async function* list(follow: boolean, signal: AbortSignal): AsyncGenerator<Listed> {
    const names = new Set<string>();
    for (const url of urls) {
      try {
        const read = await readFeed(new URL(url), known.get(url), signal);
        known.set(url, read);
      } catch (error) {
        if (error instanceof Damage) yield broken(url, error);
        else if (!(follow && known.has(url) && error instanceof FetchError)) throw error;
      }
      for (const entry of known.get(url)?.entries ?? []) {
        const listed = await listedOf(entry, new URL(url));
        if (listed === undefined || names.has(listed.name)) continue;
        names.add(listed.name);
        yield listed;
      }
    }
  }

  /** What it held before, where it has not changed since. */
  async function readFeed(url: URL, before: Read | undefined, signal: AbortSignal): Promise<Read> {
    const { etag, modified } = before?.validators ?? {};
    const headers = {
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
      ...(modified === undefined ? {} : { 'if-modified-since': modified }),
    };
    const answer = await pages.client.get(url, { headers, admit: pages.robots.admit }, signal);
    if (answer.status === 304 && before !== undefined) {
      await answer.discard();
      return before;
    }
    if (answer.status !== 200) {
      await answer.discard();
      throw new ConfigError(`${url}: the server answers ${answer.status} where a feed is expected`);
    }
    const { bytes, more } = await bodyWithin(answer.body, MAX_FEED);
    if (more) throw new Damage('too-large', `it has more than ${MAX_FEED} bytes`);
    const declared = /^\s*<\?xml[^>]*encoding\s*=\s*["']([\w-]+)/.exec(bytes.toString('latin1', 0, 200))?.[1];
    const text = decodeText(bytes, [/charset=["']?([\w-]+)/i.exec(answer.header('content-type') ?? '')?.[1], declared]);
    if (text === undefined) throw new Damage('undecodable-text', 'it is not text');
    return { entries: feedEntries(text), validators: validatorsOf(answer) };
  }

  /** Undefined where it links to nothing that can be fetched. */
  async function listedOf(entry: Entry, from: URL): Promise<Listed | undefined> {
    const url = URL.parse(entry.link, from.href);
    if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
    url.hash = '';
    const version = entry.date ?? '';
    if (settings.content === 'page') return { name: url.href, version: settings.revisit ? null : version, url };
    const outcome = await textOf(entry, url, settings);
    return { name: entry.id, version: `${version} ${crc32(entry.content?.text ?? '').toString(16)}`, outcome };
  }

  const source = pagesSource({ kind: 'feed', address: urls.join(' '), list, fetcher: pages.fetcher });
  return whileRead(source, pages.client.close);
}

interface Read {
  readonly entries: readonly Entry[];
  readonly validators: Validators;
}

/** Bytes of a feed that are read. */
const MAX_FEED = 16 << 20;

/** A feed that cannot be read is a record itself. */
function broken(url: string, { code, message }: Damage): Listed {
  const outcome = { reject: new Reject(code, `the feed ${url}: ${message}`), bytes: Buffer.from(url) };
  return { name: url, version: message, outcome };
}

async function textOf({ id, title, date, content }: Entry, url: URL, extraction: Extraction): Promise<Outcome> {
  if (content === undefined) return { drop: new Drop('empty') };
  const type = content.html ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8';
  const bytes = Buffer.from(content.text);
  const page = await pageOf({ type, url: url.href, extraction }, () => bytes);
  if (page instanceof Reject) return { reject: page, bytes };
  if (page instanceof Drop) return { drop: page };
  return { document: { id, url: url.href, fetchedAt: instantOf(date), ...page, title: page.title ?? title ?? null } };
}
