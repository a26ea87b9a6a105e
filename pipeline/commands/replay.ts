/** `deltasift replay`: a delta against the documents that were scanned before it was known. */
import { type ReplayConfig, replayConfig } from '../config/config.ts';
import type { ReplayRecords } from '../deltas/records.ts';
import type { ReplayReport } from '../deltas/replay.ts';
import { openStore, type Store } from '../store/store.ts';
import { type Context, command } from './command.ts';
import { deltaOf } from './ranking.ts';

const LINE_MS = 2000;

export const replay = command({
  name: 'replay',
  summary: 'Scores a delta against documents scanned before it was known, from what --keep-replay kept of them.',
  config: replayConfig,

  async run(config, context) {
    const { replay: run } = await import('../deltas/replay.ts'); // loaded when asked for: other commands start sooner
    const { environment, cores, now, out, json, signal } = context;
    const store = openStore(config.store, { beside: true });
    try {
      const world = { environment, cores, now, progress: progressOn(context) };
      const source = await recordsOf(store, config, context);
      const report = await run(store, source, deltaOf(store, config.delta), config, world, signal);
      out.write(json ? `${JSON.stringify(report)}\n` : words(report, config.store));
    } finally {
      store.close();
    }
  },
});

/** Of the cluster where one is named. Loaded when asked for: other commands start sooner. */
async function recordsOf(
  store: Store,
  { brokers, ...config }: ReplayConfig,
  { environment, signal }: Context,
): Promise<ReplayRecords> {
  const { clusterRecords, storeRecords } = await import('../deltas/records.ts');
  if (brokers === undefined) return storeRecords(store);
  const { clusterViewOf } = await import('../config/cluster-view.ts');
  return clusterRecords(await clusterViewOf({ ...config, brokers }, environment, 'deltasift', signal));
}

function progressOn({ err, quiet, now }: Context): (done: number, of: number) => void {
  const start = now();
  let said = start;
  return (done, of) => {
    const at = now();
    if (quiet || (at - said < LINE_MS && done < of)) return;
    said = at;
    const rate = Math.round(done / Math.max(1e-3, (at - start) / 1000));
    err.write(
      `${done.toLocaleString('en-US')} of ${of.toLocaleString('en-US')} records · ${rate.toLocaleString('en-US')} records/s\n`,
    );
  };
}

function words(report: ReplayReport, store: string): string {
  const { delta, records, estimated, exact, standardError, spread, calibration, perSecond } = report;
  const n = (value: number) => Math.round(value).toLocaleString('en-US');
  const lines = [
    `${n(records)} records, ${n(estimated)} estimated (${n(perSecond)} a second), the best ${n(exact)} scored exactly`,
    `standard error ${standardError.toPrecision(3)}${calibration === 1 ? '' : ' after a sample scored exactly'}, spread of the estimates ${spread.toPrecision(3)}`,
  ];
  if (calibration === 1 && estimated > 0) {
    lines.push(
      'no document was scored exactly, so this standard error is what the records leave out, taken as independent: on the pairs tried errors were 1.2 to 3 times as large',
    );
  }
  if (standardError > spread) {
    lines.push(
      'one standard error is more than the spread: the order of the estimates says little; --exact with a larger number scores more of them exactly',
    );
  }
  return `${lines.join('\n')}\nbest: deltasift top --store ${store} --delta ${delta.slice(0, 12)}\n`;
}
