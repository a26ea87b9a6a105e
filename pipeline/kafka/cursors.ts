/** How far each source was read, from the compacted topic of cursors. */
import { CURSORS, type CursorMark, cursorMark } from '../store/messages.ts';
import { type KafkaConnection, kafkaClient } from './client.ts';
import { readAll } from './read-all.ts';

/** By unit. One reader of a source at a time: it is the one who crawls it. */
export async function cursorsOf(
  connection: KafkaConnection,
  prefix: string,
  source: string,
  signal: AbortSignal,
): Promise<Map<string, CursorMark>> {
  const marks = new Map<string, CursorMark>();
  await readAll(
    {
      client: kafkaClient(connection, 'patient'),
      topic: CURSORS,
      topicOnCluster: prefix + CURSORS,
      group: `${prefix}reader.${CURSORS}.${source}`,
      each(message) {
        const mark = cursorMark(message);
        if (mark.source === source && message.value !== null) marks.set(mark.unit, mark);
      },
    },
    signal,
  );
  return marks;
}
