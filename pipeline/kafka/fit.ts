/** What no topic takes is the dead letters'. */
import type { Delivered, Outgoing } from '../contract.ts';
import { countMessage, deadMessage } from '../store/messages.ts';

/** `max.message.bytes` of every topic. Documents are capped far below it, but what is made of a long one may not be. */
export const MAX_MESSAGE_BYTES = 8 * 2 ** 20;
/** For headers and framing. */
const SLACK = 64 * 2 ** 10;
const STAGE = 'publish';

/** The same messages; those that are too large as one dead letter with the bytes of the message they came of, and counted. */
export function fit(outgoing: readonly Outgoing[], from: Delivered): readonly Outgoing[] {
  const sizeOf = ({ key, value }: Outgoing) => key.length + (value?.length ?? 0);
  const large = outgoing.find((message) => sizeOf(message) > MAX_MESSAGE_BYTES - SLACK);
  if (large === undefined) return outgoing;
  const { topic, key, value, headers } = from;
  const code = 'too-large';
  const reason = `a message for ${large.topic} of ${sizeOf(large)} bytes; a topic takes ${MAX_MESSAGE_BYTES}`;
  return [
    ...outgoing.filter((message) => sizeOf(message) <= MAX_MESSAGE_BYTES - SLACK),
    deadMessage({ key, bytes: value ?? Buffer.alloc(0), headers: { ...headers, topic, stage: STAGE, code, reason } }),
    countMessage({ stage: STAGE, outcome: 'in', code: '', n: 1 }),
    countMessage({ stage: STAGE, outcome: 'rejected', code, n: 1 }),
  ];
}
