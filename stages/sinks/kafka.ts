/** `kafka`: a JSON message an alert, on a topic of any cluster. */
import { z } from 'zod';
import type { SinkPlugin } from '../../pipeline/contract.ts';
import { alertLine } from '../alert/line.ts';

const config = z.strictObject({
  brokers: z
    .array(z.string().regex(/^[^:]+:\d+$/, 'HOST:PORT'))
    .min(1)
    .describe('some of the brokers'),
  topic: z
    .string()
    .regex(/^[\w.-]{1,249}$/)
    .describe('topic to write to; its key is the alert id'),
});
type Config = z.infer<typeof config>;

export const kafka: SinkPlugin<Config> = {
  name: 'kafka',
  summary: 'a JSON message an alert, on a topic of a Kafka cluster',
  config,
  short(rest) {
    const slash = rest.lastIndexOf('/');
    return { brokers: rest.slice(0, slash).split(','), topic: rest.slice(slash + 1) };
  },
  create(where, { openTopic }) {
    const topic = openTopic(where);
    return {
      close: topic.close,
      send({ traceparent, ...alert }, signal) {
        const value = Buffer.from(JSON.stringify(alertLine({ ...alert, traceparent })));
        const headers = traceparent === undefined ? {} : { traceparent };
        return topic.write({ key: alert.id, value, headers }, signal);
      },
    };
  },
};
