/**
 * Copies a topic, and dies by SIGKILL at a certain step of a certain transaction:
 * `node kill-point-worker.ts ADDRESS FROM TO POINT NTH`; without a point it ends when it has copied all.
 */
import { kafkaTransport } from '../../../pipeline/kafka/transport.ts';
import { dieAt, type KillPoint } from './die-at.ts';

if (import.meta.main) {
  const [address, from, to, point, nth] = process.argv.slice(2);
  if (point !== undefined) dieAt(point as KillPoint, Number(nth));
  const transport = kafkaTransport({
    connection: { brokers: [address!], clientId: `killed-${process.pid}` },
    writes: [to!],
    batch: 8,
    sessionTimeoutMs: 2000,
  });
  const stop = new AbortController();
  const reading = transport.subscribe(
    from!,
    'copy',
    async (batch) => batch.map(({ key, value, headers }) => [{ topic: to!, key, value, headers }]),
    stop.signal,
  );
  await transport.flush(AbortSignal.timeout(60_000));
  stop.abort();
  await reading;
  await transport.close();
  process.exit();
}
