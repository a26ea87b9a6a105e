/** Several crawls side by side into one cluster, to be killed: `node crawl-all.ts '{"brokers": ..., "crawls": ...}'`. */
import type { Outgoing } from '../../../pipeline/contract.ts';
import { sourceTools } from '../../../pipeline/crawl/source-tools.ts';
import { environmentOf } from '../../../pipeline/environment.ts';
import { sharedCrawl } from '../../../pipeline/kafka/shared-crawl.ts';
import { stamp } from '../../../pipeline/kafka/stamp.ts';
import { type SourceSpec, sourceOf } from '../../../stages/sources/sources.ts';
import { inStep } from '../../promises/in-step.ts';

export interface CrawlAll {
  /** host:port */
  readonly brokers: string;
  readonly crawls: Readonly<Record<string, SourceSpec>>;
  /** All die at a transaction of this crawl: before it, in the middle of it, or after it. */
  readonly kill?: { readonly crawl: string; readonly commit: number; readonly at: 'before' | 'inside' | 'after' };
}

/** ms after a transaction was begun, when it is not at its end yet. */
const MIDDLE = 6;

async function run({ brokers, crawls, kill }: CrawlAll): Promise<void> {
  const environment = environmentOf({}, '/', false);
  const tools = sourceTools({ environment, folder: '/', clock: () => Date.now() / 1000, note: () => undefined });
  const sources = inStep(await Promise.all(Object.values(crawls).map((spec) => sourceOf(spec, '/', tools))));
  const die = () => process.kill(process.pid, 'SIGKILL');
  const { signal } = new AbortController();

  async function one(name: string, i: number): Promise<void> {
    let published = 0;
    const isTime = (at: string) => kill?.crawl === name && kill.at === at && published === kill.commit - 1;
    await sharedCrawl(
      sources[i]!,
      {
        connection: { brokers: [brokers], clientId: 'test' },
        prefix: 'deltasift.',
        dedup: false,
        limit: undefined,
        follow: undefined,
        stamp(message: Outgoing) {
          if (isTime('before')) die();
          if (isTime('inside')) setTimeout(die, MIDDLE);
          return stamp(message, undefined);
        },
        note: () => undefined,
        onRead: () => undefined,
        onPublished(messages) {
          if (messages.length === 0) return;
          if (isTime('after')) die();
          published++;
        },
        sessionTimeoutMs: 1000,
      },
      signal,
    );
  }
  await Promise.all(Object.keys(crawls).map(one));
}

if (import.meta.main) await run(JSON.parse(process.argv[2]!) as CrawlAll);
