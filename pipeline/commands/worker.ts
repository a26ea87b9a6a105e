/** `deltasift worker`: legs of the pipeline on a Kafka cluster. */
import { workerConfig } from '../config/config.ts';
import { legsOf } from '../config/kafka.ts';
import { command, noteTo } from './command.ts';

/** Sockets that kafkajs leaves behind where a broker died keep no process. */
const GRACE_MS = 1000;

export const worker = command({
  name: 'worker',
  summary: 'Runs legs of the pipeline against a Kafka cluster until it is told to stop; start more of it to go faster.',
  config: workerConfig,

  async run(config, { environment, cores, folder, clock, now, random, out, err, quiet, signal }) {
    const [{ work }, { openTelemetry }] = await Promise.all([
      import('../worker.ts'), // loaded when asked for: other commands start sooner
      import('../tracing/open-telemetry.ts'),
    ]);
    const spans = await openTelemetry();
    const note = noteTo({ err, quiet });
    const handled = new Map(legsOf(config).map(({ name }) => [name, 0]));
    const progress = (leg: string, messages: number) => {
      handled.set(leg, (handled.get(leg) ?? 0) + messages);
    };
    try {
      const write = (text: string) => out.write(text);
      await work(config, { environment, cores, folder, clock, now, random, write, note, progress, spans }, signal);
    } finally {
      for (const [leg, messages] of handled) note(`${leg}: ${messages} messages`);
      setTimeout(() => process.exit(), GRACE_MS).unref();
    }
  },
});
