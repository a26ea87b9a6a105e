/** A topic as a reader of committed messages sees it, from its beginning to its present end. */
import type { Delivered } from '../../pipeline/contract.ts';
import { type KafkaConnection, kafkaClient } from '../../pipeline/kafka/client.ts';
import { readAll } from '../../pipeline/kafka/read-all.ts';

export async function readCommitted(connection: KafkaConnection, topic: string): Promise<readonly Delivered[]> {
  const all: Delivered[] = [];
  const client = kafkaClient(connection, 'patient');
  const each = (message: Delivered) => {
    all.push(message);
  };
  await readAll({ client, prefix: '' }, { topic, each }, AbortSignal.timeout(60_000));
  return all;
}
