/** Posts to an address that somebody configured: to public addresses only, following no redirect. */
import { fetch } from 'undici';
import { Undeliverable } from '../../../pipeline/contract.ts';
import { guardedAgent, type Lookup } from '../../sources/fetch/agent.ts';
import { FetchError } from '../../sources/fetch/error.ts';
import { retryAfter } from '../../sources/fetch/retry-after.ts';

export interface PostOptions {
  readonly url: string;
  /** host or host:port of those that may have a private address. */
  readonly allowHosts: readonly string[];
  /** Longest time to connect and to answer, in ms. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly lookup?: Lookup | undefined;
}

export interface Poster {
  /**
   * Resolves on a 2xx.
   *
   * @throws Undeliverable where what was sent is refused, whatever the time
   * @throws DeliveryError otherwise: what to mend, or when to come again
   */
  post(body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** It was not taken; later it may be. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  /** Not before so many ms. */
  readonly afterMs: number | undefined;

  constructor(message: string, afterMs?: number, options: ErrorOptions = {}) {
    super(message, options);
    this.afterMs = afterMs;
  }
}

/** The message is at fault: too large, not understood. Of anything else (a token, an address) the config is. */
const REFUSED = new Set([400, 413, 415, 422]);
/** Of an answer that refuses. */
const SHOWN = 200;

export function poster({ url, allowHosts, timeoutMs, clock, lookup }: PostOptions): Poster {
  const agent = guardedAgent({ allowHosts, timeout: timeoutMs, lookup });
  const { host } = new URL(url);

  async function post(body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const answer = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'user-agent': 'deltasift', ...headers },
      redirect: 'manual',
      dispatcher: agent,
      signal: either,
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw unsent(host, error);
    });
    const { status } = answer;
    if (status >= 200 && status < 300) {
      await answer.body?.cancel();
      return;
    }
    if (status >= 300 && status < 400) {
      await answer.body?.cancel();
      const to = answer.headers.get('location') ?? 'nowhere';
      throw new DeliveryError(
        `${host} redirects to ${to.slice(0, SHOWN)}: redirects are not followed, configure the address itself`,
      );
    }
    const said = `${host} answered ${status}${await beginning(answer.body)}`;
    if (REFUSED.has(status)) throw new Undeliverable(said);
    throw new DeliveryError(said, retryAfter(answer.headers.get('retry-after') ?? undefined, clock()));
  }

  return { post, close: () => agent.destroy() };
}

/** What fetch says is hidden in the causes of its error. */
function unsent(host: string, error: unknown): DeliveryError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof FetchError) {
      const [what] = cause.message.split(';');
      return new DeliveryError(`${what}; where that is meant, name it in allowHosts of the sink`, undefined, { cause });
    }
    if (cause.name === 'TimeoutError') return new DeliveryError(`${host} did not answer in time`, undefined, { cause });
  }
  const { message, cause } = error as Error;
  const why = cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message;
  return new DeliveryError(`${host} cannot be reached: ${why}`, undefined, { cause: error });
}

async function beginning(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return '';
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > SHOWN) break;
  }
  const line = text.replaceAll(/\s+/g, ' ').trim().slice(0, SHOWN);
  return line === '' ? '' : `: ${line}`;
}
