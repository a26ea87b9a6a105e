/** `common-crawl:PATH`: files of a crawl that a list of paths names, or the records that an index points at. */
import type { Plugin, Source } from '../../pipeline/contract.ts';
import { type ListedConfig, listedConfig, listedSource } from './listed/listed-source.ts';

export const commonCrawl: Plugin<ListedConfig, Source> = {
  name: 'common-crawl',
  summary: 'pages of a Common Crawl mirror, by lists of paths, the Parquet index or CDX(J): folder, http(s), S3',
  config: listedConfig,
  short: (path) => ({ path }),
  create: (settings) => listedSource('common-crawl', settings),
};
