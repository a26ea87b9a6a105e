/** `deltasift scan`: a crawl in, its documents scored against a delta, a ranked and resumable store out. */
import { scanConfig } from '../config/config.ts';
import { type ProgressLine, progressLine } from '../scan/progress.ts';
import type { ScanSummary } from '../scan/scan.ts';
import { type Context, command } from './command.ts';

export const scan = command({
  name: 'scan',
  summary: 'Scores the documents of a crawl into a store; run again, it goes on where it stopped.',
  config: scanConfig,

  async run(config, context) {
    const [{ scan: run }, { openTelemetry }] = await Promise.all([
      import('../scan/scan.ts'), // loaded when asked for: other commands start sooner
      import('../tracing/open-telemetry.ts'),
    ]);
    const { environment, cores, folder, now, clock, random, out, json, signal } = context;
    const line = progressOn(context);
    const world = {
      environment,
      cores,
      folder,
      now,
      clock,
      note: (sentence: string) => noteOn(context, sentence),
      progress: line.update,
      random,
      write: (text: string) => out.write(text),
      spans: await openTelemetry(),
    };
    const summary = await run(config, world, signal).finally(line.end);
    out.write(json ? `${JSON.stringify(summary)}\n` : words(summary, config.store));
  },
});

function progressOn({ err, quiet, now }: Context): ProgressLine {
  return progressLine({ ...err, write: (text) => (quiet ? undefined : err.write(text)), now });
}

function noteOn({ err, quiet }: Context, sentence: string): void {
  if (!quiet) err.write(`note: ${sentence}\n`);
}

function words({ delta, read, scored, dropped, rejected, seconds }: ScanSummary, store: string): string {
  const parts = (counts: Readonly<Record<string, number>>, what: string) =>
    Object.entries(counts).map(([code, n]) => `${n.toLocaleString('en-US')} ${what} (${code})`);
  const counts = [
    `${read.toLocaleString('en-US')} records read`,
    `${scored.toLocaleString('en-US')} scored`,
    ...parts(dropped, 'dropped'),
    ...parts(rejected, 'rejected'),
  ];
  return `${counts.join(', ')}; ${seconds.toFixed(1)} s\ndelta ${delta}\nbest: deltasift top --store ${store}\n`;
}
