/** Several crawls side by side, each into a store of its own, to be killed: `node crawl-all.ts '{"crawls": ..., "folder": ...}'`. */
import { join } from 'node:path';
import { crawl } from '../../pipeline/crawl/crawl.ts';
import { embeddedTransport } from '../../pipeline/embedded/embedded.ts';
import { openStore } from '../../pipeline/store/store.ts';
import { type SourceSpec, sourceOf } from '../../stages/sources/sources.ts';
import { DELTA } from '../kit/store.ts';
import { inStep } from './in-step.ts';
import { type Kill, mortal } from './mortal.ts';

export interface CrawlAll {
  /** By name, which is the name of its store too. */
  readonly crawls: Readonly<Record<string, SourceSpec>>;
  readonly folder: string;
  /** The crawl at whose commit all die. */
  readonly kill?: Kill & { readonly crawl: string };
}

async function run({ crawls, folder, kill }: CrawlAll): Promise<void> {
  const sources = inStep(await Promise.all(Object.values(crawls).map((spec) => sourceOf(spec, '/'))));
  const { signal } = new AbortController();
  const crawling = Object.keys(crawls).map(async (name, i) => {
    const store = openStore(join(folder, name));
    const marks = store.scan(DELTA, { dedup: 'off' });
    const transport = embeddedTransport(mortal(marks, kill?.crawl === name ? kill : undefined));
    await crawl(sources[i]!, transport, { marks, dedup: false }, signal);
    store.close();
  });
  await Promise.all(crawling);
}

if (import.meta.main) await run(JSON.parse(process.argv[2]!) as CrawlAll);
