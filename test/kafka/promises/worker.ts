/** A worker of all legs: `node worker.ts ADDRESS PREFIX SESSION_MS [SEEN_BOUND]`. */
import { kafkaClient } from '../../../pipeline/kafka/client.ts';
import { readSeen, readShare } from '../../../pipeline/kafka/partition-state.ts';
import { stamp } from '../../../pipeline/kafka/stamp.ts';
import { kafkaTransport } from '../../../pipeline/kafka/transport.ts';
import { legHandler } from '../../../pipeline/legs/handlers.ts';
import { STEPS, topology } from '../../../pipeline/topology.ts';
import { DELTA, gradient, SKETCH_WIDTH, tokenize } from './stages.ts';

const [address, prefix, sessionTimeoutMs, seenBound = '1000000'] = process.argv.slice(2);
const connection = { brokers: [address!], clientId: `worker-${process.pid}` };
const cluster = { client: kafkaClient(connection, 'patient'), prefix: prefix! };
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

await Promise.all(
  topology(STEPS).map(async (plan) => {
    const leg = legHandler(plan, {
      filters: [],
      tokenize,
      gradient,
      longest: 128,
      deltas: [DELTA],
      rankBy: 'cosine',
      keep: 50,
      pool: { size: 20, width: SKETCH_WIDTH },
      others: 0,
      seen: (partition, signal) => readSeen(cluster, partition, Number(seenBound), signal),
      saved: (partition, signal) => readShare(cluster, partition, signal),
    });
    const transport = kafkaTransport({
      connection,
      writes: plan.writes,
      prefix: prefix!,
      batch: 32,
      sessionTimeoutMs: Number(sessionTimeoutMs),
      stamp,
      prepare: (_, partition, signal) => leg.prepare(partition, signal),
    });
    await transport.subscribe(plan.reads, plan.name, leg.handle, stop.signal);
    await transport.close();
  }),
);
process.exit(); // kafkajs leaves sockets behind where a broker died
