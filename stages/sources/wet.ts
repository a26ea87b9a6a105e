/** `wet:PATH`: the texts of WET files, as Common Crawl makes them of its pages; a file, a folder, a glob or an address. */
import { z } from 'zod';
import type { Plugin, Source } from '../../pipeline/contract.ts';
import { sourceAt } from './fetch/source-at.ts';
import { collectionConfig, collectionFormat } from './warc/collection.ts';
import { extractedText } from './warc/extracted-text.ts';

const config = z.strictObject(collectionConfig);
type Config = z.infer<typeof config>;

export const wet: Plugin<Config, Source> = {
  name: 'wet',
  summary: 'texts of WET files, plain, gzip or zstd: files, folders, globs, addresses',
  config,
  short: (path) => ({ path }),
  create: ({ maxBytes, ...place }) =>
    sourceAt(collectionFormat('wet', maxBytes, extractedText), place, /\.wet(\.(gz|zst))?$/i),
};
