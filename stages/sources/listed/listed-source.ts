/** Collections of WARC files that a list of paths or an index leads to: what `common-crawl` and `wayback` share. */
import { posix, resolve } from 'node:path';
import { z } from 'zod';
import type { Source } from '../../../pipeline/contract.ts';
import { ConfigError } from '../../../pipeline/error.ts';
import type { Input } from '../bytes/input.ts';
import { isMissing } from '../fetch/error.ts';
import { openRoot, REMOTE } from '../fetch/root.ts';
import { placeSettings } from '../fetch/settings.ts';
import { sourceAt } from '../fetch/source-at.ts';
import { whileRead } from '../fetch/while-read.ts';
import { filesSource } from '../files/source.ts';
import { collectionConfig, collectionFormat, type PageIn } from '../warc/collection.ts';
import { crawledPage } from '../warc/crawled-page.ts';
import { extractedText } from '../warc/extracted-text.ts';
import { typeOf } from '../warc/record.ts';
import { extractionConfig } from '../web/extract.ts';
import { eitherFormat } from './either-format.ts';
import { PARQUET } from './hits.ts';
import { indexFormat } from './index-format.ts';
import { orMissing } from './or-missing.ts';
import { pathsIn } from './path-list.ts';
import { selection, selectionSettings } from './selection.ts';

export const listedConfig = z.strictObject({
  ...collectionConfig,
  path: placeSettings.path.describe(
    'list of paths (warc.paths.gz, wet.paths.gz, cc-index-table.paths.gz), or index (.cdx, .cdxj, .parquet, plain or gzip): ' +
      'a file, a folder or an address',
  ),
  root: z
    .string()
    .min(1)
    .optional()
    .describe(
      "folder or address that paths are below; by default what stands before crawl-data/ or cc-index/ in path, else path's folder",
    ),
  ...extractionConfig,
  ...selectionSettings,
});
export type ListedConfig = z.infer<typeof listedConfig>;

/** What a list names does not change any more. */
const PUBLISHED = 'published';

const LIST = /\.paths(\.(gz|zst))?$/i;
const CDX = /\.cdxj?(\.(gz|zst))?$/i;
const isIndex = (name: string): boolean => PARQUET.test(name) || CDX.test(name);

export function listedSource(kind: string, settings: ListedConfig): Source {
  const { path, maxBytes, keep, threads } = settings;
  const address = REMOTE.test(path) ? path : resolve(path);
  const root = openRoot(settings.root ?? rootOf(address), settings);
  const { takesFile, takesHit } = selectionOf(kind, settings);
  const pageIn: PageIn = (record, url) =>
    typeOf(record) === 'conversion'
      ? extractedText(record, url)
      : crawledPage(record, url, { maxBytes, extraction: { keep, threads } });
  const format = eitherFormat(
    orMissing(indexFormat({ kind, root, takes: takesHit, maxBytes, pageIn })),
    orMissing(collectionFormat(kind, maxBytes, pageIn)),
    isIndex,
  );
  if (!LIST.test(path)) return whileRead(sourceAt(format, settings, /\.(parquet|cdxj?(\.(gz|zst))?)$/i), root.close);

  const lists = openRoot(posix.dirname(address), settings);
  async function list(): Promise<readonly Input[]> {
    const signal = new AbortController().signal;
    const input = lists.file(posix.basename(address));
    const paths = await pathsIn(input, signal).catch((cause: Error) => {
      throw isMissing(cause) ? new ConfigError(cause.message, { cause }) : cause;
    });
    const wanted = paths.filter((name) => isIndex(name) || takesFile(name));
    if (wanted.length > 0) return wanted.map((name) => ({ ...root.file(name), version: PUBLISHED }));
    throw new ConfigError(
      `${address} lists ${paths.length} files, none of which is asked for: see crawls, segments and files`,
    );
  }
  const close = async () => void (await Promise.all([lists.close(), root.close()]));
  return whileRead(filesSource(format, { path: address, waits: false, list }), close);
}

/** Common Crawl's paths begin with one of two folders. */
function rootOf(address: string): string {
  const [, before] = /^(.*?\/)(?:crawl-data|cc-index)\//.exec(address) ?? [];
  return before ?? (LIST.test(address) || isIndex(address) ? posix.dirname(address) : address);
}

function selectionOf(kind: string, settings: ListedConfig) {
  try {
    return selection(settings);
  } catch (cause) {
    throw new ConfigError(`source ${kind}: files: ${(cause as Error).message}`, { cause });
  }
}
