/** `wayback:PATH`: the records of a collection of WARC files that its CDX index points at, or those of the files a list names. */
import type { Plugin, Source } from '../../pipeline/contract.ts';
import { type ListedConfig, listedConfig, listedSource } from './listed/listed-source.ts';

export const wayback: Plugin<ListedConfig, Source> = {
  name: 'wayback',
  summary:
    'pages of a collection of WARC files, gzip or zstd, with a dictionary too, by its CDX(J) index or a list of paths',
  config: listedConfig,
  short: (path) => ({ path }),
  create: (settings) => listedSource('wayback', settings),
};
