/** Sends dead letters back to the topics they came from, each once. */
import type { Outgoing } from '../contract.ts';
import { COUNTS, REPLAYED } from '../store/messages.ts';
import { INPUT } from '../topology.ts';
import { type KafkaConnection, kafkaClient } from './client.ts';
import { type DeadLetter, type DeadQuery, obstacle, readDead, replayMessages } from './dead-letters.ts';
import { stamp } from './stamp.ts';
import { kafkaTransport } from './transport.ts';

export interface Replayed {
  readonly sent: number;
  /** Why others that were asked for were not sent, and how many. */
  readonly left: Readonly<Record<string, number>>;
}

/** Letters to a transaction. */
const GROUP = 100;

/** @param dryRun says what would be sent, and sends nothing */
export async function replay(
  connection: KafkaConnection,
  prefix: string,
  query: DeadQuery,
  { dryRun }: { readonly dryRun: boolean },
  signal: AbortSignal,
): Promise<Replayed> {
  const client = kafkaClient(connection, 'patient');
  const transport = kafkaTransport({
    connection,
    prefix,
    publisher: 'replay',
    writes: [...new Set(Object.values(INPUT)), REPLAYED, COUNTS],
    // a letter's bytes and headers are those of the message that was rejected
    stamp: (message) => (message.topic === COUNTS ? stamp(message, undefined) : message),
  });
  const left: Record<string, number> = {};
  try {
    // whoever replays elsewhere is fenced, and what it sent is settled: its marks are read below
    if (!dryRun) await transport.publish([], signal);
    const letters: DeadLetter[] = [];
    await readDead(
      { client, prefix },
      query,
      (letter) => {
        const why = obstacle(letter);
        if (why === undefined) letters.push(letter);
        else left[why] = (left[why] ?? 0) + 1;
      },
      signal,
    );
    if (!dryRun) {
      for (let i = 0; i < letters.length; i += GROUP) {
        const messages: readonly Outgoing[] = letters.slice(i, i + GROUP).flatMap(replayMessages);
        await transport.publish(messages, signal);
      }
    }
    return { sent: letters.length, left };
  } finally {
    await transport.close();
  }
}
