/** One page: asked for as its host allows, and only where it has changed. */
import { Drop, Reject } from '../../../pipeline/contract.ts';
import type { Answer, Client } from '../fetch/client.ts';
import { FetchError } from '../fetch/error.ts';
import { paced } from '../fetch/paced.ts';
import type { Outcome } from '../files/source.ts';
import { bodyOf } from '../web/body.ts';
import type { Extraction } from '../web/extract.ts';
import { mayBeText, pageOf } from '../web/page.ts';
import { bodyWithin } from './body-within.ts';
import type { Robots } from './robots.ts';

export interface PageFetcher {
  /**
   * What is at an address now; undefined where that is still what `known` tells of.
   *
   * @param id the document's
   */
  fetch(url: URL, id: string, known: Validators, signal: AbortSignal): Promise<Fetched | undefined>;
}

export interface Fetched {
  readonly outcome: Outcome;
  readonly validators: Validators;
}

/** By which a server tells whether a page has changed (RFC 9110, 8.8). */
export interface Validators {
  readonly etag?: string | undefined;
  readonly modified?: string | undefined;
}

export interface PageLimits extends Extraction {
  readonly maxBytes: number;
  readonly maxSeconds: number;
}

/** Characters of a validator that is kept; a longer one is as good as none. */
const MAX_VALIDATOR = 200;

export function pageFetcher(client: Client, robots: Robots, limits: PageLimits): PageFetcher {
  async function fetch(url: URL, id: string, known: Validators, signal: AbortSignal): Promise<Fetched | undefined> {
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const both = AbortSignal.any([signal, late.signal]);
    try {
      const answer = await client.get(url, { headers: headersFor(known), admit: robots.admit }, both);
      const slow = new FetchError(`${url}: it has not come within ${limits.maxSeconds} s`, 'busy');
      timer = setTimeout(() => late.abort(slow), 1000 * limits.maxSeconds);
      if (answer.status === 304) {
        await answer.discard();
        return undefined;
      }
      return { outcome: await outcomeOf(answer, id), validators: validatorsOf(answer) };
    } catch (error) {
      signal.throwIfAborted();
      const cause = late.signal.aborted ? late.signal.reason : error;
      return { outcome: failure(url, cause), validators: known };
    } finally {
      clearTimeout(timer);
    }
  }

  async function outcomeOf(answer: Answer, id: string): Promise<Outcome> {
    const type = answer.header('content-type');
    const drop = answer.status !== 200 ? 'http-status' : mayBeText(type) ? undefined : 'not-text';
    if (drop !== undefined) {
      await answer.discard();
      return { drop: new Drop(drop) };
    }
    const { maxBytes } = limits;
    const { bytes, more } = await bodyWithin(paced(answer, client.clock), maxBytes);
    if (more)
      return { reject: new Reject('too-large', `the page has more than ${maxBytes} bytes`), bytes: named(answer.url) };
    const fetchedAt = new Date(client.clock.now()).toISOString();
    const coded = new Map([['content-encoding', answer.header('content-encoding') ?? '']]);
    const url = answer.url.href;
    const page = await pageOf({ type, url, language: answer.header('content-language'), extraction: limits }, () =>
      bodyOf({ status: 200, headers: coded, body: bytes }, maxBytes),
    );
    if (page instanceof Drop) return { drop: page };
    if (page instanceof Reject) return { reject: page, bytes };
    return { document: { id, url, fetchedAt, ...page } };
  }

  return { fetch };
}

function headersFor({ etag, modified }: Validators): Record<string, string> {
  return {
    accept: 'text/html, application/xhtml+xml, text/plain;q=0.9, */*;q=0.1',
    'accept-encoding': 'gzip, deflate, br, zstd',
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(modified === undefined ? {} : { 'if-modified-since': modified }),
  };
}

export function validatorsOf(answer: Answer): Validators {
  const short = (value: string | undefined) =>
    value !== undefined && value.length <= MAX_VALIDATOR ? value : undefined;
  return { etag: short(answer.header('etag')), modified: short(answer.header('last-modified')) };
}

/**
 * A page that cannot be had stops nothing.
 *
 * @throws what is no failure of its server, nor of the way there
 */
function failure(url: URL, error: unknown): Outcome {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!(error instanceof FetchError) && code === undefined) throw error;
  if (error instanceof FetchError && error.kind === 'forbidden') return { drop: new Drop('robots') };
  return { reject: new Reject('unavailable', message), bytes: named(url) };
}

function named(url: URL): Buffer {
  return Buffer.from(url.href);
}
