/** `deltasift crawl`: a source into the topic `documents`. */
import { crawlConfig } from '../config/config.ts';
import { milliseconds } from '../config/duration.ts';
import { connectionOf } from '../config/kafka.ts';
import { sourceTools } from '../crawl/source-tools.ts';
import { ConfigError } from '../error.ts';
import { crawlMetrics } from '../metrics/crawl.ts';
import { serveMetrics } from '../metrics/server.ts';
import { command, noteTo } from './command.ts';

export const crawl = command({
  name: 'crawl',
  summary:
    'Publishes the documents of a source to a Kafka cluster; run again, it goes on where it stopped; started several times, it shares the work.',
  config: crawlConfig,

  async run(
    { source: name, dedup, limit, follow, followEvery, metrics: address, ...config },
    { environment, folder, out, err, quiet, json, clock, signal },
  ) {
    if (follow && limit !== undefined)
      throw new ConfigError('--limit with --follow: a limited crawl ends; leave one out');
    const [{ sourceOf }, { sharedCrawl }, { stamp }, { wireOf }] = await Promise.all([
      import('../../stages/sources/sources.ts'),
      import('../kafka/shared-crawl.ts'),
      import('../kafka/stamp.ts'),
      import('../config/wire.ts'),
    ]);
    const wire = await wireOf(config, environment, signal);
    const note = noteTo({ err, quiet });
    const source = await sourceOf(name, folder, sourceTools({ environment, folder, clock, note }));
    const metrics = crawlMetrics(clock);
    const server = address === undefined ? undefined : await serveMetrics(metrics.registry, address, metrics.probes);
    if (server !== undefined) note(`metrics at ${server.url}`);
    const onWait = (ms: number) => note(`${read} records of ${source.name} published, looks again in ${ms / 1000} s`);
    let read = 0;
    try {
      await sharedCrawl(
        source,
        {
          connection: connectionOf(config, environment, 'deltasift-crawl'),
          prefix: config.prefix,
          dedup: dedup === 'on',
          limit,
          follow: follow ? { everyMs: milliseconds(followEvery), onWait: onceAnew(onWait, () => read) } : undefined,
          stamp: (message) => wire.frame(stamp(message, undefined)),
          note,
          onPublished: metrics.published,
          onRead: (records) => {
            read += records;
          },
        },
        signal,
      );
    } catch (error) {
      if (!(follow && signal.aborted && (error as Error).name === 'AbortError')) throw error; // so it ends
    } finally {
      await server?.close();
    }
    out.write(
      json ? `${JSON.stringify({ source: source.name, read })}\n` : `${read} records of ${source.name} published\n`,
    );
  },
});

/** Tells of a wait only where something was read since the last one that was told of: it may go on for days. */
function onceAnew(tell: (ms: number) => void, count: () => number): (ms: number) => void {
  let told = -1;
  return (ms) => {
    if (count() === told) return;
    told = count();
    tell(ms);
  };
}
