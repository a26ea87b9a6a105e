/** GET over http(s), politely: hosts in turn, redirects checked, retries with back-off. */
import { type Dispatcher, errors, request } from 'undici';
import { guardedAgent, type Lookup } from './agent.ts';
import { ATTEMPTS, backOff, backoffMs } from './backoff.ts';
import { type Clock, systemClock } from './clock.ts';
import { FetchError } from './error.ts';
import { politeness } from './politeness.ts';
import { retryAfter } from './retry-after.ts';
import type { HttpSettings } from './settings.ts';

export interface Answer {
  readonly status: number;
  /** Where the redirects led. */
  readonly url: URL;
  header(name: string): string | undefined;
  /** As they came, no coding undone; throws where the connection breaks. To be read to its end, or to be discarded. */
  readonly body: AsyncIterable<Buffer>;
  discard(): Promise<void>;
}

export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  /** Asked of every address on the way; throws where it may not be asked for. */
  readonly admit?: (url: URL, signal: AbortSignal) => Promise<void>;
  /** Whether 403 may pass, as it does where a store of files has had too many requests. */
  readonly forbiddenPasses?: boolean;
}

/** What files are read through. */
export interface FileClient {
  /**
   * An answer that is no redirect and no refusal for the moment: whatever is behind the address, or that there is nothing.
   *
   * @throws FetchError `refused` for what is not followed, `busy` where the server fails, or cannot be reached, again and again
   */
  get(url: URL, ask: Ask, signal: AbortSignal): Promise<Answer>;
  /** Waits before the next try after `failures` in a row; throws `error` where there have been too many. */
  pause(failures: number, error: FetchError, signal: AbortSignal): Promise<void>;
  readonly clock: Clock;
  /** Ends idle connections; the client can be used on. */
  close(): Promise<void>;
}

export interface Client extends FileClient {
  /** The host asks for this many seconds between two requests. */
  space(host: string, seconds: number): void;
}

export interface Surroundings {
  /** Told to this origin, and to nobody it redirects to. */
  readonly authorization?: { readonly origin: string; readonly value: string } | undefined;
  readonly clock?: Clock;
  readonly lookup?: Lookup;
}

const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
const SLOW_DOWN = new Set([403, 429, 503]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Of a body that is not wanted, so that the connection can be used again. */
const DISCARDED = 64 << 10;

export function client(
  settings: HttpSettings,
  { authorization, clock = systemClock, lookup }: Surroundings = {},
): Client {
  const { contact, allowHosts, maxWait, maxRedirects } = settings;
  const timeout = 1000 * settings.timeout;
  const pace = politeness(settings, clock);
  let agent: Dispatcher | undefined;

  const pause: FileClient['pause'] = (failures, error, signal) => backOff(failures, error, clock, signal);

  async function get(url: URL, ask: Ask, signal: AbortSignal): Promise<Answer> {
    for (let failures = 1; ; failures++) {
      signal.throwIfAborted();
      const answer = await follow(url, ask, signal).catch((error: Error) => failed(url, error, signal));
      if (answer instanceof FetchError) {
        await pause(failures, answer, signal);
        continue;
      }
      const { status } = answer;
      const { host } = answer.url;
      const asked = retryAfter(answer.header('retry-after'), clock.now());
      if (!PASSING.has(status) && !(status === 403 && (ask.forbiddenPasses || asked !== undefined))) {
        pace.answered(host);
        return answer;
      }
      await answer.discard();
      const wait = Math.max(asked ?? 0, backoffMs(failures, clock));
      const again = new FetchError(`${url}: the server answers ${status}, again and again`, 'busy', { status });
      if (failures >= ATTEMPTS) throw again;
      if ((asked ?? 0) > 1000 * maxWait) {
        const seconds = Math.ceil(asked! / 1000);
        const fault = `the server answers ${status}, and asks to be left alone for ${seconds} s; at most ${maxWait} s are waited`;
        throw new FetchError(`${url}: ${fault}`, 'busy', { status });
      }
      if (SLOW_DOWN.has(status)) pace.refused(host, wait);
      else await clock.sleep(wait, signal);
    }
  }

  async function follow(from: URL, { headers = {}, admit }: Ask, signal: AbortSignal): Promise<Answer> {
    for (let url = from, hops = 0; hops <= maxRedirects; hops++) {
      await admit?.(url, signal);
      await pace.turn(url.host, signal);
      const login = url.origin === authorization?.origin ? { authorization: authorization.value } : {};
      agent ??= guardedAgent({ allowHosts, timeout, lookup });
      const {
        statusCode,
        headers: said,
        body,
      } = await request(url, {
        dispatcher: agent,
        headers: { 'accept-encoding': 'identity', ...headers, ...login, 'user-agent': `deltasift (+${contact})` },
        signal,
      });
      const header = (name: string) => one(said[name]);
      const location = header('location');
      if (!REDIRECTS.has(statusCode) || location === undefined) {
        return { status: statusCode, url, header, body, discard: () => body.dump({ limit: DISCARDED, signal }) };
      }
      await body.dump({ limit: DISCARDED, signal });
      url = redirected(from, url, location);
    }
    throw new FetchError(`${from}: redirects more than ${maxRedirects} times`, 'refused');
  }

  return {
    get,
    pause,
    space: pace.space,
    clock,

    async close() {
      const idle = agent;
      agent = undefined;
      await idle?.destroy();
    },
  };
}

/** @throws what is no failure to reach a server */
function failed(url: URL, error: Error, signal: AbortSignal): FetchError {
  signal.throwIfAborted();
  if (error instanceof FetchError && error.kind !== 'busy') throw error;
  if (error instanceof TypeError || error instanceof errors.InvalidArgumentError) throw error;
  return new FetchError(`${url}: ${error.message || (error as NodeJS.ErrnoException).code}`, 'busy', { cause: error });
}

function redirected(from: URL, by: URL, location: string): URL {
  const to = URL.parse(location, by.href);
  if (to === null) throw new FetchError(`${from}: redirects to what is no address`, 'refused');
  if (to.protocol !== 'https:' && to.protocol !== by.protocol) {
    throw new FetchError(`${from}: redirects from ${by.protocol} to ${to.protocol}, which is not followed`, 'refused');
  }
  if (to.username !== '' || to.password !== '') {
    throw new FetchError(`${from}: redirects to an address with a password in it, which is not followed`, 'refused');
  }
  return to;
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
