/** A small web site of pages, whose robots.txt, feeds and sitemaps a test sets. */
import type { Crawled, Source } from '../../../pipeline/contract.ts';
import { type OddServer, oddServer } from '../fetch/odd-server.ts';

export interface Site extends OddServer {
  /** A page that answers 304 to whoever knows its ETag. */
  page(path: string, words: string, etag?: string): void;
  /** Paths asked for since the last call. */
  took(): readonly string[];
}

export async function site(): Promise<Site> {
  const server = await oddServer();
  let taken = 0;
  return {
    ...server,

    page(path, words, etag = '"1"') {
      server.on(path, (request, response) => {
        const known = request.headers['if-none-match'] === etag;
        response.writeHead(known ? 304 : 200, { etag, 'content-type': 'text/html' });
        response.end(known ? undefined : `<html><title>of ${path}</title><main><p>${words}</p></main></html>`);
      });
    },

    took() {
      const paths = server.asked.slice(taken).map(({ path }) => path);
      taken = server.asked.length;
      return paths.filter((path) => path !== '/robots.txt');
    },
  };
}

/** What a crawl does when it follows: every unit that is new or changed is read on from its cursor. */
export function follower(source: Source): (signal: AbortSignal) => Promise<readonly Crawled[]> {
  const marks = new Map<string, { readonly version: string | null; readonly cursor: string | undefined }>();
  return async (signal) => {
    const found: Crawled[] = [];
    for await (const unit of source.units!(true, signal)) {
      const mark = marks.get(unit.name);
      if (mark !== undefined && unit.version !== null && mark.version === unit.version) continue;
      let cursor = mark?.cursor;
      for await (const record of unit.read(cursor, signal)) {
        found.push(record);
        cursor = record.cursor;
      }
      marks.set(unit.name, { version: unit.version, cursor });
    }
    return found;
  };
}
