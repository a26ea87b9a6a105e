/** `deltasift crawl`: a source into the topic `documents`. */
import { crawlConfig } from '../config.ts';
import type { Outgoing } from '../contract.ts';
import { milliseconds } from '../duration.ts';
import { connectionOf } from '../kafka-config.ts';
import { CURSORS, cursorMark } from '../store/messages.ts';
import { command } from './command.ts';

export const crawl = command({
  name: 'crawl',
  summary: 'Publishes the documents of a source to a Kafka cluster; run again, it goes on where it stopped.',
  config: crawlConfig,

  async run(
    { source: name, dedup, limit, follow, followEvery, ...config },
    { environment, folder, out, json, signal },
  ) {
    const [{ sourceOf }, { crawl: run }, { CRAWL_WRITES }, { kafkaTransport }, { stamp }, { cursorsOf }, { wireOf }] =
      await Promise.all([
        import('../../stages/sources/sources.ts'),
        import('../crawl.ts'),
        import('../crawl-group.ts'),
        import('../kafka/transport.ts'),
        import('../kafka/stamp.ts'),
        import('../kafka/cursors.ts'),
        import('../wire-config.ts'),
      ]);
    const source = await sourceOf(name, folder);
    const connection = connectionOf(config, environment, 'deltasift-crawl');
    const wire = await wireOf(config, environment, signal);
    const transport = kafkaTransport({
      connection,
      writes: CRAWL_WRITES,
      prefix: config.prefix,
      publisher: `crawl.${source.name}`,
      readers: { documents: ['tokenize'] },
      stamp: (message, from) => wire.frame(stamp(message, from)),
    });
    let read = 0;
    try {
      await transport.publish([], signal); // whoever crawled the source before is fenced, and its last transaction settled
      const marks = await cursorsOf(connection, config.prefix, source.name, signal);
      const inAll = () => [...marks.values()].reduce((sum, mark) => sum + mark.read, 0);
      const before = inAll();
      const publisher = {
        async publish(messages: readonly Outgoing[], stop: AbortSignal) {
          await transport.publish(messages, stop);
          for (const message of messages) {
            if (message.topic !== CURSORS) continue;
            const mark = cursorMark(message);
            marks.set(mark.unit, mark);
          }
          read = inAll() - before;
        },
      };
      const options = {
        marks: { mark: (_: string, unit: string) => marks.get(unit), read: inAll },
        dedup: dedup === 'on',
        limit,
        follow: follow ? { everyMs: milliseconds(followEvery), onWait: () => undefined } : undefined,
      };
      await run(source, publisher, options, signal);
    } finally {
      await transport.close();
    }
    out.write(
      json ? `${JSON.stringify({ source: source.name, read })}\n` : `${read} records of ${source.name} published\n`,
    );
  },
});
