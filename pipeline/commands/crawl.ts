/** `deltasift crawl`: a source into the topic `documents`. */
import { crawlConfig } from '../config.ts';
import { connectionOf } from '../kafka-config.ts';
import { command } from './command.ts';

export const crawl = command({
  name: 'crawl',
  summary: 'Publishes the documents of a source to a Kafka cluster; run again, it goes on where it stopped.',
  config: crawlConfig,

  async run({ source: name, dedup, limit, ...config }, { environment, folder, out, json, signal }) {
    const [{ sourceOf }, { crawl: run, CRAWL_WRITES }, { kafkaTransport }, { stamp }, { cursorOf }] = await Promise.all(
      [
        import('../../stages/sources/sources.ts'),
        import('../crawl.ts'),
        import('../kafka/transport.ts'),
        import('../kafka/stamp.ts'),
        import('../kafka/cursors.ts'),
      ],
    );
    const source = await sourceOf(name, folder);
    const connection = connectionOf(config, environment, 'deltasift-crawl');
    const transport = kafkaTransport({
      connection,
      writes: CRAWL_WRITES,
      prefix: config.prefix,
      publisher: `crawl.${source.name}`,
      readers: { documents: ['tokenize'] },
      stamp,
    });
    let read = 0;
    try {
      await transport.publish([], signal); // whoever crawled the source before is fenced, and its last transaction settled
      const from = await cursorOf(connection, config.prefix, source.name, signal);
      const counting = {
        ...source,
        read: (cursor: string | undefined, stop: AbortSignal) => counted(source.read(cursor, stop)),
      };
      await run(counting, transport, { from, dedup: dedup === 'on', limit }, signal);
    } finally {
      await transport.close();
    }
    out.write(
      json ? `${JSON.stringify({ source: source.name, read })}\n` : `${read} records of ${source.name} published\n`,
    );

    async function* counted<T>(records: AsyncIterable<T>): AsyncGenerator<T> {
      for await (const record of records) {
        read++;
        yield record;
      }
    }
  },
});
