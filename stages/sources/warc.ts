/** `warc:PATH`: the pages of WARC files, plain, gzip or zstd; a file, a folder, a glob or an address. */
import { z } from 'zod';
import type { Plugin, Source } from '../../pipeline/contract.ts';
import { sourceAt } from './fetch/source-at.ts';
import { collectionConfig, collectionFormat } from './warc/collection.ts';
import { crawledPage } from './warc/crawled-page.ts';
import { extractionConfig } from './web/extract.ts';

const config = z.strictObject({ ...collectionConfig, ...extractionConfig });
type Config = z.infer<typeof config>;

export const warc: Plugin<Config, Source> = {
  name: 'warc',
  summary: 'pages of WARC files, plain, gzip or zstd: files, folders, globs, addresses',
  config,
  short: (path) => ({ path }),

  create({ maxBytes, keep, threads, ...place }) {
    const options = { maxBytes, extraction: { keep, threads } };
    const format = collectionFormat('warc', maxBytes, (record, url) => crawledPage(record, url, options));
    return sourceAt(format, place, /\.warc(\.(gz|zst))?$/i);
  },
};
