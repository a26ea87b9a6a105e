/** Which files of a list, and which records of an index, are read. */
import { z } from 'zod';
import type { Hit } from './hit.ts';

const names = z.array(z.string().min(1)).default([]);

export const selectionSettings = {
  crawls: names.describe('crawls whose files are read, as CC-MAIN-2024-10; by default all that are listed'),
  segments: names.describe('segments whose files are read, by their number or its beginning; by default all'),
  files: z.string().optional().describe('regular expression that paths of WARC or WET files have to match'),
  hosts: names.describe('of an index: hosts whose pages are read, those below them included; by default all'),
  languages: names.describe(
    'of an index: languages one of which a page has to be in, as ISO 639-3 codes; by default all',
  ),
  mimes: z
    .array(z.string())
    .default(['text/html', 'application/xhtml+xml', 'text/plain'])
    .describe('of an index: types of the pages that are read'),
};
const config = z.object(selectionSettings);
export type Selection = z.infer<typeof config>;

/** @throws SyntaxError where `files` is no regular expression */
export function selection({ crawls, segments, files, hosts, languages, mimes }: Selection) {
  const pattern = new RegExp(files ?? '');
  const [crawlsWanted, mimesWanted] = [new Set(crawls), new Set(mimes)];

  function takesFile(path: string): boolean {
    const crawl = /(?:^|\/)crawl-data\/([^/]+)\//.exec(path)?.[1];
    const segment = /\/segments\/([^/]+)\//.exec(path)?.[1];
    if (crawlsWanted.size > 0 && !crawlsWanted.has(crawl ?? '')) return false;
    if (segments.length > 0 && !segments.some((wanted) => segment?.startsWith(wanted))) return false;
    return pattern.test(path);
  }

  function takesHit({ file, url, mime, status, languages: spoken }: Hit): boolean {
    if (status !== null && status !== 200) return false;
    if (mime !== '' && !mimesWanted.has(mime)) return false;
    if (languages.length > 0 && !languages.some((wanted) => spoken.includes(wanted))) return false;
    const host = hosts.length > 0 ? (URL.parse(url)?.hostname ?? '') : '';
    if (hosts.length > 0 && !hosts.some((wanted) => host === wanted || host.endsWith(`.${wanted}`))) return false;
    return takesFile(file);
  }

  return { takesFile, takesHit };
}
