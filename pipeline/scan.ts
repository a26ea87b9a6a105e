/** One scan on one machine: a crawl in, its documents scored against a delta, the store kept up with every batch. */
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import type { Gradients, Tokens } from '../schemas/types.ts';
import { CheckpointError } from '../stages/checkpoint/error.ts';
import type { Classification } from '../stages/classification.ts';
import { filtersOf } from '../stages/filters/filters.ts';
import { gradient } from '../stages/gradient.ts';
import type { SketchTail } from '../stages/graph/head.ts';
import { openMeasure } from '../stages/graph/open.ts';
import type { Sketch } from '../stages/math/sketch.ts';
import { project, projectLabels } from '../stages/project.ts';
import { sourceOf } from '../stages/sources/sources.ts';
import { type Alerting, alertReaders, notify, openAlerting } from './alerting.ts';
import { compose } from './compose.ts';
import type { ScanConfig } from './config.ts';
import type { Handle, Stage, Transport } from './contract.ts';
import { type CrawlOptions, crawl } from './crawl.ts';
import { DOCUMENTS } from './crawl-group.ts';
import { drained, waitingFor } from './drained.ts';
import { milliseconds } from './duration.ts';
import { alertTransports, leaveAllBut } from './embedded/alerts.ts';
import type { Bell } from './embedded/bell.ts';
import type { Environment } from './environment.ts';
import { keepTokenizer } from './kept-tokenizer.ts';
import { type MetricsServer, type ScanMetrics, scanMetrics, serveMetrics } from './metrics.ts';
import type { ScanProgress } from './progress.ts';
import { scanReport } from './scan-progress.ts';
import type { Server } from './serve/server.ts';
import { serveInThread } from './serve/thread.ts';
import { tokenOf } from './serve/token.ts';
import { sinkTools } from './sink-tools.ts';
import { ALERTS } from './store/messages.ts';
import type { Scan } from './store/scan.ts';
import type { DeltaRecord } from './store/store.ts';
import { isOfDocuments } from './tally.ts';
import { openTarget, type Target } from './target.ts';
import { CHANGED, LEG, SCAN, SINKS, STORE, TRANSPORT } from './tokens.ts';

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
/** Padded tokens to one run of the model: more do not make it faster on a CPU, and their temporaries leave the cache. */
const TOKEN_BUDGET = 512;

/**
 * Goes on where an earlier run of the same scan ended. An abort ends it early: what is committed is kept, the batches in flight are
 * done again by the next run.
 *
 * @throws CheckpointError where a checkpoint is refused
 * @throws ConfigError where the config does not fit the checkpoints, the source or the store
 */
export async function scan(config: ScanConfig, world: World, signal: AbortSignal): Promise<ScanSummary> {
  const start = world.now();
  const source = await sourceOf(config.source, world.folder);
  const filters = await filtersOf(config.filters);
  const target = await openTarget(config, world.environment, signal);
  for (const note of target.notes) world.note(note);
  const alerting = await openAlerting(config, sinkTools(world));
  const stage = await openStage(target, config, world);
  try {
    const report = scanReport({
      source,
      limit: config.limit,
      topic: DOCUMENTS,
      scan: () => container.resolve(SCAN),
      tell(state) {
        if (state.waits) metrics?.waits();
        else metrics?.progress(state);
        world.progress(state);
      },
    });
    const container = compose({
      config,
      target,
      source,
      gradient: stage,
      filters,
      rules: alerting.rules,
      clock: world.clock,
      onScored: report.scored,
    });
    const store = container.resolve(STORE);
    let metrics: ServedMetrics | undefined;
    let server: Server | undefined;
    try {
      store.forgetUnbegun();
      store.bind(target.measurement);
      store.addDelta(recordOf(target, config));
      keepTokenizer(config.store, target.files);
      const progress = container.resolve(SCAN);
      metrics = await metricsOf(config, progress, world);
      server = await serverOf(config, world);
      const parts = { transport: container.resolve(TRANSPORT), leg: container.resolve(LEG) };
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
      await metrics?.close();
      for (const sink of container.resolve(SINKS)) sink.close();
      store.close();
    }
  } finally {
    await stage.close?.();
    await alerting.close();
  }
}

/** How long the end of a scan waits for alerts that are on their way. */
const TELLING_MS = 5000;

/** Does `what` while sinks are told of alerts; what they were not told of then, they are by the next scan, or by `notify`. */
async function telling(
  parts: { readonly alerting: Alerting; readonly scan: Scan; readonly changed: Bell },
  { digestSeconds }: ScanConfig,
  { clock, random, note }: World,
  signal: AbortSignal,
  what: () => Promise<void>,
): Promise<void> {
  const { alerting, scan: progress, changed } = parts;
  const readers = alertReaders(alerting, { clock, random, tell: note });
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

type ServedMetrics = ScanMetrics & Pick<MetricsServer, 'close'>;

async function metricsOf(
  { metrics: address }: ScanConfig,
  scan: Scan,
  world: World,
): Promise<ServedMetrics | undefined> {
  if (address === undefined) return undefined;
  const metrics = scanMetrics({ scan, topic: DOCUMENTS, clock: world.clock });
  const { url, close } = await serveMetrics(metrics.registry, address);
  world.note(`metrics at ${url}`);
  return { ...metrics, close };
}

async function serverOf({ serve: address, serveHost, store }: ScanConfig, world: World): Promise<Server | undefined> {
  if (address === undefined) return undefined;
  const { token, made } = tokenOf(world.environment.apiToken);
  const server = await serveInThread({ store, address, token, hosts: serveHost }, (fault) => world.note(fault));
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

/** The stage that holds the session: close it. */
export async function openStage(
  target: Target,
  config: Pick<ScanConfig, 'window' | 'precision' | 'provider' | 'threads' | 'positions'>,
  world: Pick<World, 'cores' | 'note'>,
): Promise<Stage<Tokens, Gradients>> {
  const { base, body, delta, measurement, sketch, classifier } = target;
  const session = await openMeasure(base, {
    body,
    deltas: [delta],
    points: target.points,
    tuned: target.tuned,
    answers: classifier && { tokens: classifier.tokens, labelsOnly: classifier.labelLoss === 'labels' },
    sketch: sketch && tailOf(sketch, classifier),
    window: config.window,
    precision: config.precision,
    providers: config.provider,
    threads: config.threads ?? world.cores,
  });
  for (const note of session.notes) world.note(note);
  const stage = gradient({
    session,
    measurement: measurement.id,
    deltas: [delta.id],
    vocabulary: body.vocabulary,
    positions: config.positions,
    labels: classifier?.tokens,
    tokenBudget: Math.max(TOKEN_BUDGET, config.window),
  });
  try {
    await probe(stage, target);
    return stage;
  } catch (error) {
    await stage.close?.();
    throw error;
  }
}

/**
 * Weights that are not finite would have every document rejected: found before the first.
 * @throws CheckpointError that names the side at fault
 */
async function probe(stage: Stage<Tokens, Gradients>, { base, delta, body }: Target): Promise<void> {
  const ids = Int32Array.of(0, Math.min(1, body.vocabulary - 1));
  const tokens = {
    key: 'probe',
    id: 'probe',
    url: null,
    text: '',
    ids,
    lengths: Int32Array.of(2),
    firsts: Int32Array.of(1),
    ...NO_PROVENANCE,
  };
  const [outcome] = await stage.process([tokens], AbortSignal.timeout(600_000));
  const [measured] = outcome as readonly Gradients[];
  const { loss, gradientNorm, alignment } = measured!;
  if (!Number.isFinite(loss[0]) || !Number.isFinite(gradientNorm[0])) {
    throw new CheckpointError(
      `${base.ref}: the model answers with a loss of ${loss[0]} and a gradient of length ${gradientNorm[0]}; its weights hold numbers that are not finite, or that overflow`,
    );
  }
  if (alignment.some((value) => !Number.isFinite(value))) {
    throw new CheckpointError(`${delta.tuned}: its difference from the base holds numbers that are not finite`);
  }
}

function tailOf(sketch: Sketch, classifier: Classification | undefined): SketchTail {
  return classifier?.labelLoss === 'labels' ? projectLabels(sketch, classifier.tokens) : project(sketch);
}

/** The target's delta, as a store keeps it. */
export function recordOf(
  { delta, base, measurement }: Target,
  { keep, rankBy }: Pick<ScanConfig, 'keep' | 'rankBy'>,
): DeltaRecord {
  return {
    id: delta.id,
    base: base.ref,
    tuned: delta.tuned,
    norm: delta.norm,
    baseNorm: delta.baseNorm,
    measurement: measurement.id,
    keep,
    rankBy,
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
