/** The topic of dead letters, and which of them were sent again. */
import type { Kafka as Client } from 'kafkajs';
import type { Outgoing } from '../contract.ts';
import { tally } from '../legs/tally.ts';
import { countMessage, DEAD, REPLAYED } from '../store/messages.ts';
import { INPUT } from '../topology.ts';
import { type ClusterView, readAll } from './read-all.ts';

export interface DeadLetter {
  /** partition/offset in the topic of dead letters */
  readonly place: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  /** It was sent again. */
  readonly replayed: boolean;
}

export interface DeadQuery {
  readonly places?: readonly string[] | undefined;
  readonly code?: string | undefined;
  readonly stage?: string | undefined;
  /** The topic it is a message of. */
  readonly topic?: string | undefined;
  /** Written at or after, ms since 1970. */
  readonly since?: number | undefined;
}

/** A letter is sent again so often: what is rejected every time is no matter of trying. */
export const MOST_ATTEMPTS = 3;

/** Those that match, to `each`, one at a time. */
export async function readDead(
  cluster: ClusterView,
  { places, code, stage, topic, since }: DeadQuery,
  each: (letter: DeadLetter) => void,
  signal: AbortSignal,
): Promise<void> {
  const replayed = new Set<string>();
  await readAll(
    cluster,
    {
      topic: REPLAYED,
      reader: DEAD,
      each: ({ key }) => {
        replayed.add(key);
      },
    },
    signal,
  );
  const from = since === undefined ? undefined : await offsetsAt(cluster.client, cluster.prefix + DEAD, since);
  await readAll(
    cluster,
    {
      topic: DEAD,
      ...(from === undefined ? {} : { from }),
      each: ({ partition, offset, key, headers, value }) => {
        const place = `${partition}/${offset}`;
        if (places !== undefined && !places.includes(place)) return;
        const asked = { code, stage, topic };
        if (Object.entries(asked).some(([name, wanted]) => wanted !== undefined && headers[name] !== wanted)) return;
        each({ place, key, headers, bytes: value ?? Buffer.alloc(0), replayed: replayed.has(place) });
      },
    },
    signal,
  );
}

async function offsetsAt(client: Client, topic: string, since: number): Promise<ReadonlyMap<number, number>> {
  const admin = client.admin();
  await admin.connect();
  try {
    const places = await admin.fetchTopicOffsetsByTimestamp(topic, since);
    return new Map(places.map(({ partition, offset }) => [partition, Number(offset)]));
  } finally {
    await admin.disconnect();
  }
}

/** Why a letter cannot be sent again; undefined where it can. */
export function obstacle({ headers, replayed }: DeadLetter): string | undefined {
  const { topic } = headers;
  if (replayed) return 'sent again before';
  if (topic === undefined || !Object.values<string>(INPUT).includes(topic))
    return 'no message: its source could not read it';
  if (attemptsOf(headers) >= MOST_ATTEMPTS) return `rejected ${MOST_ATTEMPTS} times more after it was sent again`;
  return undefined;
}

function attemptsOf(headers: DeadLetter['headers']): number {
  const attempts = Number(headers['attempt'] ?? 0);
  return Number.isSafeInteger(attempts) && attempts >= 0 ? attempts : MOST_ATTEMPTS;
}

/**
 * The message as it came, on the topic it came from; the mark that it was sent; and the counters, as if no stage had seen it: all
 * for one transaction.
 */
export function replayMessages({ place, key, headers, bytes }: DeadLetter): readonly Outgoing[] {
  const { topic, stage = '', code = '', reason: _, passed = '', 'came-from': __, ...own } = headers;
  const again = { ...own, attempt: String(attemptsOf(headers) + 1), 'replayed-from': place };
  const { add, pass, counts } = tally();
  pass(
    passed.split(',').filter((name) => name !== ''),
    -1,
  );
  add(stage, 'in', '', -1);
  add(stage, 'rejected', code, -1);
  return [
    { topic: topic!, key, value: bytes, headers: again },
    { topic: REPLAYED, key: place, value: Buffer.alloc(0), headers: {} },
    ...counts().map(countMessage),
  ];
}
