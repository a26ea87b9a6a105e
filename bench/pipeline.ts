/** What the machinery around the model takes: a scan against the same runs of the same session in a bare loop. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '../pipeline/compose.ts';
import { type ScanConfig, scanConfig } from '../pipeline/config/config.ts';
import { crawl } from '../pipeline/crawl/crawl.ts';
import { DOCUMENTS } from '../pipeline/crawl/group.ts';
import { measureOf } from '../pipeline/target/modes.ts';
import { openTarget } from '../pipeline/target/target.ts';
import { LEG, SCAN, STORE, TRANSPORT } from '../pipeline/tokens.ts';
import { gradient } from '../stages/gradient.ts';
import { openMeasure } from '../stages/graph/open.ts';
import type { Feeds, Session } from '../stages/graph/session.ts';
import { project } from '../stages/project.ts';
import { sourceOf } from '../stages/sources/sources.ts';
import { documentsFile } from './documents.ts';
import type { Pair } from './pair.ts';
import { median, medianRatio } from './race.ts';
import { table } from './results.ts';

/** Short windows: what is done for each document weighs four times what it does in windows of 128. */
const [DOCUMENTS_READ, WORDS, WINDOW, TOKEN_BUDGET] = [320, 40, 32, 512];

interface Cost {
  readonly cpu: number;
  readonly wall: number;
}

export async function pipelineSection(
  pair: Pair,
  cache: string,
  rounds: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const file = await documentsFile(cache, DOCUMENTS_READ, WORDS);
  const config = scanConfig.parse({ ...pair, source: `jsonl:${file}`, store: 'unused', window: WINDOW, threads: 1 });
  const environment = { token: undefined, hub: undefined, cache, offline: true, colors: 'none' } as const;
  const target = await openTarget(config, environment, signal);
  const { base, body, delta, sketch, measurement } = target;
  const session = await openMeasure(base, {
    body,
    deltas: [delta],
    sketch: sketch === undefined ? undefined : project(sketch),
    window: config.window,
    precision: config.precision,
    providers: ['cpu'],
    threads: 1,
  });

  /** What the session was fed by the last scan. */
  let fed: Feeds[] = [];
  const listening: Session = {
    ...session,
    run(feeds) {
      fed.push(feeds);
      return session.run(feeds);
    },
  };

  async function scan(store: string): Promise<void> {
    fed = [];
    const own: ScanConfig = { ...config, store };
    const source = await sourceOf(config.source, '.');
    const stage = gradient({
      session: listening,
      measurement: measurement.id,
      deltas: [delta.id],
      vocabulary: body.vocabulary,
      positions: config.positions,
      tokenBudget: TOKEN_BUDGET,
    });
    const container = compose({ config: own, target, source, filters: [], onScored: () => undefined });
    const [opened, transport] = [container.resolve(STORE), container.resolve(TRANSPORT)];
    opened.bind(measurement);
    opened.addDelta({
      id: delta.id,
      base: base.ref,
      tuned: pair.tuned,
      norm: delta.norm,
      baseNorm: delta.baseNorm,
      measurement: measurement.id,
      keep: config.keep,
      rankBy: measureOf(config),
    });
    const stop = new AbortController();
    const handled = transport.subscribe(DOCUMENTS, 'bench', container.resolve(LEG)(stage, [delta]), stop.signal);
    await crawl(source, transport, { marks: container.resolve(SCAN), dedup: true }, signal);
    await transport.flush(signal);
    stop.abort();
    await handled;
    await transport.close();
    opened.close();
  }

  async function bare(): Promise<void> {
    for (const feeds of fed) await session.run(feeds);
  }

  const [scans, loops]: [Cost[], Cost[]] = [[], []];
  for (let round = -1; round < rounds; round++) {
    const store = mkdtempSync(join(tmpdir(), 'deltasift-bench-'));
    const costs = [await costOf(() => scan(store)), await costOf(bare)] as const;
    rmSync(store, { recursive: true });
    if (round < 0) continue; // the first one warms up
    scans.push(costs[0]);
    loops.push(costs[1]);
  }
  await session.close();

  const row = (name: string, costs: readonly Cost[]) => [
    name,
    (DOCUMENTS_READ / median(costs.map(({ cpu }) => cpu))).toFixed(2),
    (DOCUMENTS_READ / median(costs.map(({ wall }) => wall))).toFixed(2),
  ];
  const ratio = (of: (cost: Cost) => number) => medianRatio(loops.map(of), scans.map(of)).toFixed(3);
  return [
    `GPT-2 small shapes, ${DOCUMENTS_READ} documents of a window of ${config.window} tokens, all that a scan does by default (sketches and pool too), one thread; medians of ${rounds} interleaved runs. Wanted: at least 0.95.`,
    '',
    ...table(
      ['', 'documents / CPU second', 'documents / second'],
      [row('bare loop', loops), row('scan', scans), ['ratio', ratio(({ cpu }) => cpu), ratio(({ wall }) => wall)]],
    ),
  ];
}

async function costOf(run: () => Promise<void>): Promise<Cost> {
  const [before, start] = [process.cpuUsage(), performance.now()];
  await run();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - start) / 1000 };
}
