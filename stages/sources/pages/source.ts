/** A source of pages that something lists: a feed, a sitemap. Each page is a unit, its cursor what tells whether it has changed. */
import { z } from 'zod';
import type { Crawled, Source, Unit } from '../../../pipeline/contract.ts';
import { ConfigError } from '../../../pipeline/error.ts';
import { readCursor, writeCursor } from '../files/cursor.ts';
import type { Outcome } from '../files/source.ts';
import type { PageFetcher } from './fetch-page.ts';

/** A page, or what is wrong with a list: both are listed, so that nothing is lost in silence. */
export interface Listed {
  readonly name: string;
  /** Changes where there may be something new; null where only asking can tell. */
  readonly version: string | null;
  /** The page's address; undefined where the outcome is known without asking. */
  readonly url?: URL | undefined;
  readonly outcome?: Outcome | undefined;
}

export interface PagesOptions {
  readonly kind: string;
  /** What the user called it. */
  readonly address: string;
  /** @param follow it is asked for again and again: what cannot be had now may be had at the next look */
  list(follow: boolean, signal: AbortSignal): AsyncIterable<Listed>;
  readonly fetcher: PageFetcher;
}

/** What tells whether there is something new: the version that it was listed with, and what its server said. */
const place = z.strictObject({
  etag: z.string().optional(),
  modified: z.string().optional(),
  version: z.string().nullable().optional(),
});
type Place = z.infer<typeof place>;

export function pagesSource({ kind, address, list, fetcher }: PagesOptions): Source {
  async function* records(listed: Listed, known: Place, signal: AbortSignal): AsyncGenerator<Crawled> {
    signal.throwIfAborted();
    const { name, version, url, outcome } = listed;
    if (version !== null && known.version === version) return; // it was had, and its end not yet written down
    if (outcome !== undefined) yield { cursor: writeCursor(kind, { file: name, place: { version } }), ...outcome };
    const fetched = url === undefined ? undefined : await fetcher.fetch(url, name, known, signal);
    if (fetched !== undefined) {
      yield {
        cursor: writeCursor(kind, { file: name, place: { ...fetched.validators, version } }),
        ...fetched.outcome,
      };
    }
  }

  return {
    name: `${kind}:${address}`,

    async *read(cursor, signal) {
      signal.throwIfAborted();
      let after = cursor === undefined ? undefined : readCursor(kind, place, cursor).file;
      for await (const listed of list(false, signal)) {
        if (after === undefined) yield* records(listed, {}, signal);
        else if (listed.name === after) after = undefined;
      }
      if (after !== undefined) {
        throw new ConfigError(
          `the cursor to resume after is of ${after}, which ${address} does not list any more: give the source this store was made ` +
            'with, or another store',
        );
      }
    },

    async *units(follow, signal): AsyncGenerator<Unit> {
      signal.throwIfAborted();
      for await (const listed of list(follow, signal)) {
        yield {
          name: listed.name,
          version: listed.version,
          read: (cursor, stop) =>
            records(listed, cursor === undefined ? {} : readCursor(kind, place, cursor).place, stop),
        };
      }
    },
  };
}
