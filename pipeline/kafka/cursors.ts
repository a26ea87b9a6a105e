/** How far each source was read, from the compacted topic of cursors. */
import { CURSORS, type CursorMark } from '../store/messages.ts';
import { type KafkaConnection, kafkaClient } from './client.ts';
import { readAll } from './read-all.ts';

/** Undefined where nobody has read the source yet. One reader of a source at a time: it is the one who crawls it. */
export async function cursorOf(
  connection: KafkaConnection,
  prefix: string,
  source: string,
  signal: AbortSignal,
): Promise<CursorMark | undefined> {
  let mark: CursorMark | undefined;
  await readAll(
    {
      client: kafkaClient(connection, 'patient'),
      topic: CURSORS,
      topicOnCluster: prefix + CURSORS,
      group: `${prefix}reader.${CURSORS}.${source}`,
      each: ({ key, value, headers }) => {
        if (key !== source || value === null) return;
        mark = { source, cursor: value.toString(), read: Number(headers['read'] ?? 0) };
      },
    },
    signal,
  );
  return mark;
}
