/** What hosts allow by their robots.txt (RFC 9309). */
import robotsModule from 'robots-parser';
import type { Client } from '../fetch/client.ts';
import { FetchError } from '../fetch/error.ts';
import { bodyWithin } from './body-within.ts';

export interface Robots {
  /** @throws FetchError `forbidden` where the host does not want the page to be read */
  admit(url: URL, signal: AbortSignal): Promise<void>;
  /** Sitemaps that the host names, as they stand there. */
  sitemaps(url: URL, signal: AbortSignal): Promise<readonly string[]>;
}

/** Its types say that the function is the module's `default`; it is the module. */
const robotsParser = robotsModule as unknown as typeof robotsModule.default;

interface Rules {
  readonly allow: (url: string) => boolean;
  readonly sitemaps: readonly string[];
  /** Until when they hold, in ms since 1970. */
  readonly until: number;
}

/** The name that rules for us go by. */
const AGENT = 'deltasift';
/** Read of a robots.txt: the least that the standard asks for is 500 KiB. */
const MAX_BYTES = 512 << 10;
const DAY_MS = 24 * 3600 * 1000;
/** For how long a host that does not answer is not asked for pages. */
const UNREACHABLE_MS = 3600 * 1000;
/** Longest delay between two requests that is kept to, in seconds: a longer one means that nobody is wanted. */
const MAX_DELAY = 3600;
/** Hosts whose rules are kept. */
const HOSTS = 1000;

export function robots(client: Client): Robots {
  const known = new Map<string, Promise<Rules>>();

  async function rulesOf({ origin }: URL, signal: AbortSignal): Promise<Rules> {
    const kept = await known.get(origin)?.catch(() => undefined);
    if (kept !== undefined && kept.until > client.clock.now()) return kept;
    for (const oldest of known.keys()) {
      if (known.size < HOSTS) break;
      known.delete(oldest);
    }
    const asked = ask(origin, signal);
    known.set(origin, asked);
    asked.catch(() => known.delete(origin));
    return await asked;
  }

  async function ask(origin: string, signal: AbortSignal): Promise<Rules> {
    const url = new URL('/robots.txt', origin);
    const now = client.clock.now();
    try {
      const answer = await client.get(url, {}, signal);
      if (answer.status !== 200) {
        await answer.discard();
        return { allow: () => true, sitemaps: [], until: now + DAY_MS };
      }
      const { bytes } = await bodyWithin(answer.body, MAX_BYTES);
      const rules = robotsParser(url.href, bytes.toString());
      const delay = rules.getCrawlDelay(AGENT) ?? 0;
      if (delay > 0) client.space(url.host, Math.min(delay, MAX_DELAY));
      return {
        allow: (page) => rules.isAllowed(page, AGENT) !== false,
        sitemaps: rules.getSitemaps(),
        until: now + DAY_MS,
      };
    } catch (error) {
      if (signal.aborted || !(error instanceof FetchError)) throw error;
      if (error.kind === 'refused') throw error;
      return { allow: () => false, sitemaps: [], until: now + UNREACHABLE_MS };
    }
  }

  return {
    async admit(url, signal) {
      if (url.pathname === '/robots.txt') return;
      const { allow } = await rulesOf(url, signal);
      if (!allow(url.href))
        throw new FetchError(`${url}: the robots.txt of its host keeps it from being read`, 'forbidden');
    },

    sitemaps: async (url, signal) => (await rulesOf(url, signal)).sitemaps,
  };
}
