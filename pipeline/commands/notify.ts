/** `deltasift notify`: tells sinks of the alerts of a store that they were not told of yet. */
import { notifyConfig } from '../config/config.ts';
import { command, noteTo } from './command.ts';

export const notify = command({
  name: 'notify',
  summary: 'Tells the sinks of alerts that they were not told of yet, while no scan runs; ends when all are told.',
  config: notifyConfig,

  async run(config, { out, err, json, quiet, signal, folder, clock, random }) {
    const [{ tellStore }, { openTelemetry }] = await Promise.all([
      import('../alerts/notify.ts'), // loaded when asked for: other commands start sooner
      import('../tracing/open-telemetry.ts'),
    ]);
    const spans = await openTelemetry();
    const note = noteTo({ err, quiet });
    const write = (text: string) => out.write(text);
    const left = await tellStore(config, { folder, clock, random, write, note, spans }, signal);
    out.write(json ? `${JSON.stringify({ left })}\n` : `${left} alerts left\n`);
  },
});
