import { type Awaitable, Drop, Reject } from '../../../pipeline/contract.ts';
import { bodyOf, unchunked } from '../web/body.ts';
import type { Extraction } from '../web/extract.ts';
import { parseResponse, type Response } from '../web/http.ts';
import { type Page, pageOf } from '../web/page.ts';
import { digestReject } from './digest.ts';
import { typeOf, type WarcRecord } from './record.ts';

export interface CrawledPageOptions {
  /** Of the page once decoded. */
  readonly maxBytes: number;
  readonly extraction: Extraction;
}

/** The page that a crawler stored in a record: a response, or a resource. */
export function crawledPage(
  record: WarcRecord,
  url: string | null,
  { maxBytes, extraction }: CrawledPageOptions,
): Awaitable<Page | Reject | Drop> {
  const recordType = typeOf(record);
  const mime = record.headers.get('content-type');
  if (recordType === 'resource') {
    return pageOf({ type: mime, url, extraction }, () => digestReject(record, [record.block]) ?? record.block);
  }
  if (recordType !== 'response') return new Drop(recordType);
  if (!/^application\/http\b/i.test(mime ?? 'application/http')) return new Drop('not-http');
  if (record.block.length === 0) return new Drop('empty');

  const response = parseResponse(record.block);
  if (response instanceof Reject) return response;
  if (response.status !== 200) return new Drop('http-status');
  const [type, language] = ['content-type', 'content-language'].map((name) => response.headers.get(name));
  const stored = () => digestReject(record, payloadsOf(response)) ?? bodyOf(response, maxBytes);
  return pageOf({ type, url, language, extraction }, stored);
}

/** Crawlers take the payload's digest of the body as it came, or without its chunks. */
function* payloadsOf({ body, headers }: Response): Generator<Buffer> {
  yield body;
  const plain = headers.has('transfer-encoding') ? unchunked(body) : body;
  if (plain !== body && !(plain instanceof Reject)) yield plain;
}
