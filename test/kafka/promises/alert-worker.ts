/**
 * One leg of alerts, which dies by SIGKILL at a certain step of a certain transaction:
 * `node alert-worker.ts ADDRESS LEG FILE POINT NTH`; without a point it ends when it has handled all. FILE is what the sink writes.
 */
import { openAlerting } from '../../../pipeline/alerts/alerting.ts';
import { alertLeg } from '../../../pipeline/alerts/legs.ts';
import { sinkTools } from '../../../pipeline/alerts/sink-tools.ts';
import { alertSettings } from '../../../pipeline/config/alerts.ts';
import { kafkaClient } from '../../../pipeline/kafka/client.ts';
import { readRules } from '../../../pipeline/kafka/partition-state.ts';
import { stamp } from '../../../pipeline/kafka/stamp.ts';
import { kafkaTransport } from '../../../pipeline/kafka/transport.ts';
import { topology } from '../../../pipeline/topology.ts';
import { dieAt, type KillPoint } from './die-at.ts';

const [address, name, file, point, nth] = process.argv.slice(2);
if (point !== undefined) dieAt(point as KillPoint, Number(nth));
const [plan] = topology([name!], { sinks: ['file'] });
const connection = { brokers: [address!], clientId: `alerts-${process.pid}` };
const clock = () => Date.now() / 1000;
const alerts = alertSettings.alerts.parse([
  { name: 'high', above: 0.5, nearDuplicates: 'keep', limit: { alerts: 60, seconds: 3600 } },
  { name: 'all', above: -1, nearDuplicates: 'keep' },
]);
const tools = sinkTools({ folder: '.', clock, write: (text) => process.stdout.write(text) });
const alerting = await openAlerting({ alerts, sinks: [{ kind: 'file', path: file }] }, tools);
const cluster = { client: kafkaClient(connection, 'patient'), prefix: '' };
const stop = new AbortController();
const { pace, handle, prepare } = alertLeg(
  plan!,
  {
    alerting,
    clock,
    digestSeconds: 1,
    random: () => 0,
    tell: (sentence) => process.stderr.write(`${sentence}\n`),
    saved: (partition, signal) => readRules(cluster, partition, signal),
  },
  stop.signal,
);
const transport = kafkaTransport({
  batch: 8,
  ...pace,
  connection,
  writes: plan!.writes,
  sessionTimeoutMs: 2000,
  stamp,
  prepare: (_, partition, signal) => prepare(partition, signal),
});
const reading = transport.subscribe(plan!.reads, plan!.name, handle, stop.signal);
await transport.flush(AbortSignal.timeout(60_000));
stop.abort();
await reading;
await transport.close();
process.exit();
