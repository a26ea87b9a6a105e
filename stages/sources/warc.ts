/** `warc:PATH`: the pages of WARC files, plain, gzip or zstd; a file, a folder or a glob. */
import { z } from 'zod';
import { Drop, type Plugin, Reject, type Source } from '../../pipeline/contract.ts';
import { collection, collectionConfig } from './warc/collection.ts';
import { digestReject } from './warc/digest.ts';
import { typeOf, type WarcRecord } from './warc/record.ts';
import { bodyOf, unchunked } from './web/body.ts';
import type { HtmlOptions } from './web/html.ts';
import { parseResponse, type Response } from './web/http.ts';
import { type Page, pageOf } from './web/page.ts';

const config = z.strictObject({
  ...collectionConfig,
  keep: z
    .enum(['main', 'all'])
    .default('main')
    .describe('text of an HTML page that is kept: its content, or its navigation, headers and footers as well'),
});
type Config = z.infer<typeof config>;

export const warc: Plugin<Config, Source> = {
  name: 'warc',
  summary: 'pages of WARC files, plain, gzip or zstd: files, folders, globs',
  config,
  short: (path) => ({ path }),
  create: ({ path, maxBytes, keep }) =>
    collection({
      kind: 'warc',
      path,
      maxBytes,
      wanted: /\.warc(\.(gz|zst))?$/i,
      pageOf: (record, url) => pageIn(record, url, maxBytes, keep),
    }),
};

function pageIn(
  record: WarcRecord,
  url: string | null,
  maxBytes: number,
  keep: HtmlOptions['keep'],
): Page | Reject | Drop {
  const recordType = typeOf(record);
  const mime = record.headers.get('content-type');
  if (recordType === 'resource') {
    return pageOf({ type: mime, url, keep }, () => digestReject(record, [record.block]) ?? record.block);
  }
  if (recordType !== 'response') return new Drop(recordType);
  if (!/^application\/http\b/i.test(mime ?? 'application/http')) return new Drop('not-http');
  if (record.block.length === 0) return new Drop('empty');

  const response = parseResponse(record.block);
  if (response instanceof Reject) return response;
  if (response.status !== 200) return new Drop('http-status');
  const [type, language] = ['content-type', 'content-language'].map((name) => response.headers.get(name));
  const stored = () => digestReject(record, payloadsOf(response)) ?? bodyOf(response, maxBytes);
  return pageOf({ type, url, language, keep }, stored);
}

/** Crawlers take the payload's digest of the body as it came, or without its chunks. */
function* payloadsOf({ body, headers }: Response): Generator<Buffer> {
  yield body;
  const plain = headers.has('transfer-encoding') ? unchunked(body) : body;
  if (plain !== body && !(plain instanceof Reject)) yield plain;
}
