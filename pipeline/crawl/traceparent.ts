/** The trace of a document, from its record in the crawl to whatever came of it. */
import { createHash } from 'node:crypto';

/**
 * W3C Trace Context, version 00, flagged as sampled. The ids are made from the record's place, `SOURCE#NUMBER`: a crawl that goes
 * on after a crash, or is made again, gives its documents the same traces.
 */
export function traceparentOf(place: string): string {
  const hash = createHash('sha256').update(place, 'utf8').digest('hex');
  return `00-${hash.slice(0, 32)}-${hash.slice(32, 48)}-01`;
}
