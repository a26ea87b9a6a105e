/** `sitemap:URL`: the pages of a site, as its sitemaps list them. */
import { z } from 'zod';
import { type Plugin, Reject, type Source } from '../../pipeline/contract.ts';
import { openContent } from './bytes/content.ts';
import { Damage } from './bytes/damage.ts';
import type { Input } from './bytes/input.ts';
import type { Surroundings } from './fetch/client.ts';
import { FetchError } from './fetch/error.ts';
import { paced } from './fetch/paced.ts';
import { whileRead } from './fetch/while-read.ts';
import { openPages } from './pages/open-pages.ts';
import { pageSettings } from './pages/settings.ts';
import { type SitemapEntry, sitemapEntries } from './pages/sitemap-entries.ts';
import { type Listed, pagesSource } from './pages/source.ts';

const config = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .describe(
      'address of a sitemap or of an index of them, or of a host, whose robots.txt is then asked for its sitemaps',
    ),
  include: z.string().optional().describe('regular expression that addresses of pages have to match'),
  since: z.iso.date().optional().describe('day, as 2024-05-31, before which pages were last changed that are left out'),
  otherHosts: z.boolean().default(false).describe('whether pages of other hosts than their sitemap are read'),
  ...pageSettings,
});
type Config = z.infer<typeof config>;

/** Sitemaps of one source, and how deep an index may lie in others. */
const MAX_SITEMAPS = 50_000;
const MAX_DEPTH = 4;

export const sitemap: Plugin<Config, Source> = {
  name: 'sitemap',
  summary: 'pages of a site, as its sitemaps list them',
  config,
  short: (url) => ({ url }),

  create: (settings) => sitemapSource(settings),
};

export function sitemapSource(settings: Config, surroundings?: Surroundings): Source {
  const start = new URL(settings.url);
  const pages = openPages(settings.url, settings, surroundings);
  const include = new RegExp(settings.include ?? '');
  const since = settings.since === undefined ? undefined : Date.parse(settings.since);
  let looked = false;

  async function* list(follow: boolean, signal: AbortSignal): AsyncGenerator<Listed> {
    const seen = new Set<string>();
    for (const url of await starts(signal)) yield* listed(url, 0, seen, follow && looked, signal);
    looked = true;
  }

  async function starts(signal: AbortSignal): Promise<readonly URL[]> {
    if (start.pathname !== '/') return [start];
    const named = await pages.robots.sitemaps(start, signal);
    const found = named.flatMap((address) => URL.parse(address, start.href) ?? []);
    return found.length > 0 ? found : [new URL('/sitemap.xml', start)];
  }

  async function* listed(
    url: URL,
    depth: number,
    seen: Set<string>,
    lenient: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Listed> {
    if (seen.has(url.href)) return;
    if (seen.size >= MAX_SITEMAPS || depth > MAX_DEPTH) {
      yield broken(
        url,
        new Damage('too-large', `sitemaps lie more than ${MAX_DEPTH} deep, or are more than ${MAX_SITEMAPS}`),
      );
      return;
    }
    seen.add(url.href);
    const { entries, fault } = await read(url, signal);
    const names = new Set<string>();
    for (const { kind, address, changed } of entries) {
      const found = URL.parse(address);
      if (found === null || !/^https?:$/.test(found.protocol)) continue;
      if (kind === 'sitemap') {
        yield* listed(found, depth + 1, seen, lenient, signal);
        continue;
      }
      found.hash = '';
      if (names.has(found.href) || !isWanted(found, url, changed)) continue;
      names.add(found.href);
      yield { name: found.href, version: settings.revisit ? null : (changed ?? ''), url: found };
    }
    if (fault instanceof Damage) yield broken(url, fault);
    else if (fault !== undefined && depth === 0 && fault.kind === 'busy' && !lenient) throw fault;
    else if (fault !== undefined && !lenient) yield broken(url, new Damage('unavailable', fault.message));
  }

  /** All at once: between two pages of it there may be hours. */
  async function read(url: URL, signal: AbortSignal): Promise<Sitemap> {
    const entries: SitemapEntry[] = [];
    try {
      for await (const entry of entriesOf(url, signal)) entries.push(entry);
      return { entries };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Damage || error instanceof FetchError) return { entries, fault: error };
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      return { entries, fault: new FetchError(`${url}: ${message}`, 'busy', { cause: error }) };
    }
  }

  function isWanted(page: URL, listing: URL, changed: string | undefined): boolean {
    if (!settings.otherHosts && page.host !== listing.host) return false;
    if (!include.test(page.href)) return false;
    return since === undefined || changed === undefined || !(Date.parse(changed) < since);
  }

  async function* entriesOf(url: URL, signal: AbortSignal) {
    const answer = await pages.client.get(url, { admit: pages.robots.admit }, signal);
    if (answer.status !== 200) {
      await answer.discard();
      throw new FetchError(`the server answers ${answer.status} where a sitemap is expected`, 'missing');
    }
    const content = await openContent(streamed(url.href, paced(answer, pages.client.clock)), signal);
    try {
      yield* sitemapEntries(content.read(0));
    } finally {
      await content.close();
    }
  }

  const source = pagesSource({ kind: 'sitemap', address: start.href, list, fetcher: pages.fetcher });
  return whileRead(source, pages.client.close);
}

interface Sitemap {
  readonly entries: readonly SitemapEntry[];
  /** Why there are no more of them. */
  readonly fault?: Damage | FetchError;
}

function streamed(name: string, chunks: AsyncIterable<Buffer>): Input {
  return { name, address: name, size: null, read: () => chunks, peek: async () => Buffer.alloc(0) };
}

/** A sitemap that cannot be read is a record itself. */
function broken(url: URL, { code, message }: Damage): Listed {
  const outcome = { reject: new Reject(code, `the sitemap ${url}: ${message}`), bytes: Buffer.from(url.href) };
  return { name: url.href, version: message, outcome };
}
