/** `wet:PATH`: the texts of WET files, as Common Crawl makes them of its pages; a file, a folder or a glob. */
import { z } from 'zod';
import { Drop, type Plugin, type Reject, type Source } from '../../pipeline/contract.ts';
import { collection, collectionConfig } from './warc/collection.ts';
import { digestReject } from './warc/digest.ts';
import { typeOf, type WarcRecord } from './warc/record.ts';
import { type Page, pageOf } from './web/page.ts';

const config = z.strictObject(collectionConfig);
type Config = z.infer<typeof config>;

export const wet: Plugin<Config, Source> = {
  name: 'wet',
  summary: 'texts of WET files, plain, gzip or zstd: files, folders, globs',
  config,
  short: (path) => ({ path }),
  create: (settings) => collection({ kind: 'wet', ...settings, wanted: /\.wet(\.(gz|zst))?$/i, pageOf: pageIn }),
};

function pageIn(record: WarcRecord, url: string | null): Page | Reject | Drop {
  const recordType = typeOf(record);
  if (recordType !== 'conversion') return new Drop(recordType);
  const { headers, block } = record;
  const type = headers.get('content-type') ?? 'text/plain; charset=utf-8';
  const language = headers.get('warc-identified-content-language')?.split(',')[0]; // the one that most of it is in
  const page = pageOf({ type, url, language, keep: 'all' }, () => digestReject(record, [block]) ?? block);
  return 'text' in page ? { ...page, extraction: 'wet' } : page;
}
