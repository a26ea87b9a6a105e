/** `wet:PATH`: the texts of WET files, as Common Crawl makes them of its pages; a file, a folder or a glob. */
import { z } from 'zod';
import { Drop, type Plugin, type Reject, type Source } from '../../pipeline/contract.ts';
import { collection, collectionConfig } from './warc/collection.ts';
import { digestReject } from './warc/digest.ts';
import { typeOf, type WarcRecord } from './warc/record.ts';
import { pageText } from './web/page.ts';

const config = z.strictObject(collectionConfig);
type Config = z.infer<typeof config>;

export const wet: Plugin<Config, Source> = {
  name: 'wet',
  summary: 'texts of WET files, plain, gzip or zstd: files, folders, globs',
  config,
  short: (path) => ({ path }),
  create: (settings) => collection({ kind: 'wet', ...settings, wanted: /\.wet(\.(gz|zst))?$/i, textOf }),
};

function textOf(record: WarcRecord): string | Reject | Drop {
  const type = typeOf(record);
  if (type !== 'conversion') return new Drop(type);
  const mime = record.headers.get('content-type') ?? 'text/plain; charset=utf-8';
  return pageText(mime, () => digestReject(record, [record.block]) ?? record.block, 'all');
}
