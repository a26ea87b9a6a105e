/** `warc:PATH`: the pages of WARC files, plain, gzip or zstd; a file, a folder or a glob. */
import { z } from 'zod';
import { Drop, type Plugin, Reject, type Source } from '../../pipeline/contract.ts';
import { collection, collectionConfig } from './warc/collection.ts';
import { digestReject } from './warc/digest.ts';
import { typeOf, type WarcRecord } from './warc/record.ts';
import { bodyOf, unchunked } from './web/body.ts';
import type { HtmlOptions } from './web/html.ts';
import { parseResponse, type Response } from './web/http.ts';
import { pageText } from './web/page.ts';

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
      textOf: (record) => textOf(record, maxBytes, keep),
    }),
};

function textOf(record: WarcRecord, maxBytes: number, keep: HtmlOptions['keep']): string | Reject | Drop {
  const type = typeOf(record);
  const mime = record.headers.get('content-type');
  if (type === 'resource') {
    return pageText(mime, () => digestReject(record, [record.block]) ?? record.block, keep);
  }
  if (type !== 'response') return new Drop(type);
  if (!/^application\/http\b/i.test(mime ?? 'application/http')) return new Drop('not-http');
  if (record.block.length === 0) return new Drop('empty');

  const response = parseResponse(record.block);
  if (response instanceof Reject) return response;
  if (response.status !== 200) return new Drop('http-status');
  const stored = () => digestReject(record, payloadsOf(response)) ?? bodyOf(response, maxBytes);
  return pageText(response.headers.get('content-type'), stored, keep);
}

/** Crawlers take the payload's digest of the body as it came, or without its chunks. */
function* payloadsOf({ body, headers }: Response): Generator<Buffer> {
  yield body;
  const plain = headers.has('transfer-encoding') ? unchunked(body) : body;
  if (plain !== body && !(plain instanceof Reject)) yield plain;
}
