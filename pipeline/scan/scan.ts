/** One scan on one machine: a crawl in, its documents scored against a delta, the store kept up with every batch. */
import { filtersOf } from '../../stages/filters/filters.ts';
import { sourceOf } from '../../stages/sources/sources.ts';
import { type Alerting, alertReaders, notify, openAlerting } from '../alerts/alerting.ts';
import { sinkTools } from '../alerts/sink-tools.ts';
import { compose } from '../compose.ts';
import { bytesOf } from '../config/byte-size.ts';
import type { ScanConfig } from '../config/config.ts';
import { milliseconds } from '../config/duration.ts';
import type { Handle, Transport } from '../contract.ts';
import { type CrawlOptions, crawl } from '../crawl/crawl.ts';
import { DOCUMENTS } from '../crawl/group.ts';
import { sourceTools } from '../crawl/source-tools.ts';
import type { OpenedLeg } from '../deltas/live-leg.ts';
import { openLeg } from '../deltas/open-leg.ts';
import { alertTransports, leaveAllBut } from '../embedded/alerts.ts';
import type { Bell } from '../embedded/bell.ts';
import { drained, waitingFor } from '../embedded/drained.ts';
import type { Environment } from '../environment.ts';
import { observed } from '../legs/observed.ts';
import { isOfDocuments } from '../legs/tally.ts';
import { type ScanMetrics, scanMetrics } from '../metrics/scan.ts';
import { type MetricsServer, serveMetrics } from '../metrics/server.ts';
import type { Server } from '../serve/server.ts';
import { serveInThread } from '../serve/thread.ts';
import { tokenOf } from '../serve/token.ts';
import { ALERTS } from '../store/messages.ts';
import type { Scan } from '../store/scan.ts';
import type { DeltaRecord } from '../store/store.ts';
import { openView } from '../store/view.ts';
import { keepTokenizer } from '../target/kept-tokenizer.ts';
import { measureOf, type Ranking } from '../target/modes.ts';
import { openTarget, type Target } from '../target/target.ts';
import { CHANGED, LEG, type LegFactory, SCAN, SINKS, STORE, TRANSPORT } from '../tokens.ts';
import type { Spans } from '../tracing/spans.ts';
import { tracedHandle } from '../tracing/traced.ts';
import type { ScanProgress } from './progress.ts';
import { scanReport } from './scan-progress.ts';

/** What a scan knows of the world around it. */
export interface World {
  readonly environment: Environment;
  /** Cores this process may use. */
  readonly cores: number;
  /** Folder that module paths of the config start from. */
  readonly folder: string;
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Seconds since 1970. */
  clock(): number;
  note(sentence: string): void;
  progress(progress: ScanProgress): void;
  /** In [0, 1). */
  random(): number;
  /** Standard output, where a sink writes to it. */
  write(text: string): void;
  /** Where batches are traced. */
  readonly spans?: Spans | undefined;
}

/** Of the whole scan, however often it was interrupted and whatever its sources; `seconds` of this run alone. */
export interface ScanSummary {
  readonly delta: string;
  readonly measurement: string;
  readonly read: number;
  readonly scored: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly rejected: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const GROUP = 'scan';

/**
 * Goes on where an earlier run of the same scan ended. An abort ends it early: what is committed is kept, the batches in flight are
 * done again by the next run.
 *
 * @throws CheckpointError where a checkpoint is refused
 * @throws ConfigError where the config does not fit the checkpoints, the source or the store
 */
export async function scan(config: ScanConfig, world: World, signal: AbortSignal): Promise<ScanSummary> {
  const start = world.now();
  const source = await sourceOf(config.source, world.folder, sourceTools(world));
  const filters = await filtersOf(config.filters);
  const target = await openTarget(config, world.environment, signal);
  for (const note of target.notes) world.note(note);
  const alerting = await openAlerting(config, sinkTools(world));
  const metrics =
    config.metrics === undefined ? undefined : scanMetrics({ leg: GROUP, clock: world.clock, now: world.now });
  const report = scanReport({
    source,
    limit: config.limit,
    topic: DOCUMENTS,
    scan: () => container.resolve(SCAN),
    tell(state) {
      if (state.waits !== undefined) metrics?.waits();
      world.progress(state);
    },
  });
  const container = compose({
    config,
    target,
    source,
    filters,
    rules: alerting.rules,
    clock: world.clock,
    onScored: report.scored,
    stages: metrics?.stages,
    spans: world.spans,
  });
  const store = container.resolve(STORE);
  let scraped: Pick<MetricsServer, 'close'> | undefined;
  let server: Server | undefined;
  let leg: OpenedLeg | undefined;
  try {
    store.forgetUnbegun();
    store.bind(target.measurement);
    store.addDelta(recordOf(target, config));
    keepTokenizer(config.store, target.files);
    const progress = container.resolve(SCAN);
    progress.keepRejects(bytesOf(config.keepRejects));
    const legOf = container.resolve(LEG);
    const make: LegFactory = (gradient, deltas) =>
      legOf(metrics === undefined ? gradient : observed(gradient, metrics.measured), deltas);
    const committed = () => progress.log.join(DOCUMENTS, GROUP);
    leg = await openLeg({ config, target, store, scan: progress, make, committed, runs: metrics?.runs, world }, signal);
    if (metrics !== undefined) scraped = await serveScanMetrics(metrics, config, world);
    server = await serverOf(config, world);
    const parts = {
      transport: container.resolve(TRANSPORT),
      leg: tracedHandle(metrics?.timed(leg.handle) ?? leg.handle, world.spans),
    };
    const crawling: CrawlOptions = {
      marks: progress,
      dedup: config.dedup === 'on',
      limit: config.limit,
      follow: config.follow ? { everyMs: milliseconds(config.followEvery), onWait: report.waits } : undefined,
    };
    const told = { alerting, scan: progress, changed: container.resolve(CHANGED) };
    await telling(told, config, world, signal, () =>
      run(parts, (either) => crawl(source, parts.transport, crawling, either), signal),
    ).catch((error: unknown) => {
      if (!(config.follow && signal.aborted && (error as Error).name === 'AbortError')) throw error; // so it ends
    });
    report.end();
    return summaryOf(progress, target, (world.now() - start) / 1000);
  } finally {
    await server?.close();
    await scraped?.close();
    for (const sink of container.resolve(SINKS)) sink.close();
    await leg?.close();
    store.close();
    await alerting.close();
  }
}

/** How long the end of a scan waits for alerts that are on their way. */
const TELLING_MS = 5000;

/** Does `what` while sinks are told of alerts; what they were not told of then, they are by the next scan, or by `notify`. */
async function telling(
  parts: { readonly alerting: Alerting; readonly scan: Scan; readonly changed: Bell },
  { digestSeconds }: ScanConfig,
  { clock, random, note, spans }: World,
  signal: AbortSignal,
  what: () => Promise<void>,
): Promise<void> {
  const { alerting, scan: progress, changed } = parts;
  const readers = alertReaders(alerting, { clock, random, tell: note, spans });
  if (readers.length === 0) return await what();
  const stop = new AbortController();
  leaveAllBut(progress, readers);
  const transports = alertTransports(progress, digestSeconds, changed);
  const told = notify(readers, transports, stop.signal);
  told.catch(() => undefined); // said below
  try {
    await what();
    if (!signal.aborted) {
      const soon = AbortSignal.timeout(TELLING_MS);
      await transports.digest.flush(soon).catch(() => undefined); // nothing more comes: what is held need not wait
      await drained(progress.log, ALERTS, changed, soon);
    }
    const left = waitingFor(progress.log, ALERTS);
    if (left > 0) note(`${left} alerts are not told yet: the next scan does that, or \`deltasift notify\``);
  } finally {
    stop.abort();
    await told;
  }
}

async function serveScanMetrics(
  metrics: ScanMetrics,
  { metrics: address, store }: ScanConfig,
  world: World,
): Promise<Pick<MetricsServer, 'close'>> {
  const view = openView(store);
  metrics.watch(view);
  try {
    const { url, close } = await serveMetrics(metrics.registry, address!);
    world.note(`metrics at ${url}`);
    return { close: () => close().finally(view.close) };
  } catch (error) {
    view.close();
    throw error;
  }
}

async function serverOf(
  { serve: address, serveHost: hosts, serveCheckpoints: roots, store }: ScanConfig,
  world: World,
): Promise<Server | undefined> {
  if (address === undefined) return undefined;
  const { token, made } = tokenOf(world.environment.apiToken);
  const server = await serveInThread({ store, address, token, hosts, roots, environment: world.environment }, (fault) =>
    world.note(fault),
  );
  world.note(`the page is at ${server.url}/${made ? `#token=${token}` : ''}`);
  return server;
}

/** The crawl and the leg side by side, until all that was crawled is handled. */
async function run(
  { transport, leg }: { readonly transport: Transport; readonly leg: Handle },
  crawling: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const crawled = crawling(either).then(() => transport.flush(either));
  const handled = transport.subscribe(DOCUMENTS, GROUP, leg, either);
  try {
    await Promise.race([crawled, handled.then(() => crawled)]); // where the leg fails, nothing is crawled any more
  } finally {
    stop.abort();
    await Promise.allSettled([crawled, handled]);
    await transport.close();
  }
}

/** The target's delta, as a store keeps it. */
export function recordOf(
  { delta, base, measurement }: Target,
  config: Pick<ScanConfig, 'keep'> & Ranking,
): DeltaRecord {
  return {
    id: delta.id,
    base: base.ref,
    tuned: delta.tuned,
    norm: delta.norm,
    baseNorm: delta.baseNorm,
    measurement: measurement.id,
    keep: config.keep,
    rankBy: measureOf(config),
  };
}

function summaryOf(scan: Scan, { delta, measurement }: Target, seconds: number): ScanSummary {
  const counts = scan.counts();
  const byCode = (outcome: 'dropped' | 'rejected') => {
    const sums: Record<string, number> = {};
    for (const count of counts)
      if (count.outcome === outcome && isOfDocuments(count)) sums[count.code] = (sums[count.code] ?? 0) + count.n;
    return sums;
  };
  return {
    delta: delta.id,
    measurement: measurement.id,
    read: scan.sources().reduce((sum, { read }) => sum + read, 0),
    scored: counts.find(({ stage, outcome }) => stage === 'score' && outcome === 'out')?.n ?? 0,
    dropped: byCode('dropped'),
    rejected: byCode('rejected'),
    seconds,
  };
}
