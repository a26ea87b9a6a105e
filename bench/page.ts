/** The page over a store of 100,000 documents in a real browser: its first paint, and ten minutes of 100 documents a second. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CDPSession, chromium, type Page } from 'playwright-core';
import { environmentOf } from '../pipeline/environment.ts';
import { serveInThread } from '../pipeline/serve/thread.ts';
import { DELTA, liveStore } from './live-store.ts';
import { table } from './results.ts';

const DOCUMENTS = 100_000;
const [COMMITS_A_SECOND, TO_A_COMMIT] = [10, 10];
const TOKEN = 'a-token-for-the-bench';
const WARM_SECONDS = 20;

/** @param minutes of updates */
export async function pageSection(minutes = 10): Promise<readonly string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'deltasift-page-'));
  const store = liveStore(dir, DOCUMENTS);
  const options = {
    store: dir,
    address: '0',
    token: TOKEN,
    hosts: [],
    roots: [],
    environment: environmentOf({}, '/', false),
  };
  const server = await serveInThread(options, (message) => console.error(message));
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const paints: Paint[] = [];
    for (let i = 0; i < 6; i++) {
      const page = await browser.newPage();
      paints.push(await firstPaint(page, server.url));
      await page.close();
    }
    const [, ...warm] = paints; // the first one builds what the browser keeps
    const page = await browser.newPage();
    await firstPaint(page, server.url);
    const updates = await underUpdates(page, store.add, minutes);
    return words(minutes, warm, updates);
  } finally {
    await browser.close();
    await server.close();
    store.close();
    rmSync(dir, { recursive: true });
  }
}

interface Paint {
  /** First contentful paint, and the first row of the table, ms after navigation began. */
  readonly paint: number;
  readonly row: number;
}

async function firstPaint(page: Page, url: string): Promise<Paint> {
  await page.goto(`${url}/#token=${TOKEN}`);
  await page.waitForSelector('tbody tr');
  return await page.evaluate(() => ({
    paint: performance.getEntriesByName('first-contentful-paint')[0]!.startTime,
    row: performance.now(),
  }));
}

interface Updates {
  readonly seconds: number;
  readonly committed: number;
  readonly frames: number;
  /** Frames that came more than 50 ms after the one before: at 60 a second at least two are missing. */
  readonly late: number;
  readonly worstMs: number;
  /** Tasks of 50 ms and more by the wall clock, with whatever else the machine did. */
  readonly longTasks: number;
  /** Of the page's main thread, ms of processor time a second. */
  readonly busy: number;
  /** MiB after a collection: after the warm-up, and at the end. */
  readonly heap: readonly [number, number];
  readonly nodes: readonly [number, number];
}

/** Runs in the page: counts frames and what is late. */
const OBSERVE = `{
  const seen = { frames: 0, late: 0, worstMs: 0, longTasks: 0 };
  globalThis.seen = seen;
  new PerformanceObserver((list) => { seen.longTasks += list.getEntries().length; }).observe({ type: 'longtask' });
  let last = performance.now();
  const frame = (now) => {
    seen.frames++;
    if (now - last > 50) seen.late++;
    seen.worstMs = Math.max(seen.worstMs, now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}`;

async function underUpdates(page: Page, add: (n: number) => void, minutes: number): Promise<Updates> {
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  let committed = 0;
  const update = async (seconds: number) => {
    const [start, count] = [performance.now(), seconds * COMMITS_A_SECOND];
    for (let i = 0; i < count; i++) {
      add(TO_A_COMMIT);
      committed += TO_A_COMMIT;
      await delay(Math.max(0, start + (1000 * (i + 1)) / COMMITS_A_SECOND - performance.now()));
    }
    return (performance.now() - start) / 1000;
  };

  await update(WARM_SECONDS);
  const before = await stateOf(client);
  committed = 0;
  await page.evaluate(OBSERVE);
  const seconds = await update(60 * minutes);
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: Updates }).seen);
  const after = await stateOf(client);
  return {
    ...seen,
    seconds,
    committed,
    busy: (1000 * (after.task - before.task)) / seconds,
    heap: [before.heap, after.heap],
    nodes: [before.nodes, after.nodes],
  };
}

async function stateOf(client: CDPSession) {
  await client.send('HeapProfiler.collectGarbage');
  const { metrics } = await client.send('Performance.getMetrics');
  const of = (name: string) => metrics.find((metric) => metric.name === name)!.value;
  return { task: of('TaskDuration'), heap: of('JSHeapUsedSize') / 2 ** 20, nodes: of('Nodes') };
}

function words(minutes: number, paints: readonly Paint[], updates: Updates): readonly string[] {
  const median = (of: (paint: Paint) => number) => [...paints].map(of).sort((a, b) => a - b)[paints.length >> 1]!;
  const pair = ([from, to]: readonly [number, number]) => `${from.toFixed(1)} to ${to.toFixed(1)}`;
  return [
    `${DOCUMENTS.toLocaleString('en')} documents of delta ${DELTA.slice(0, 8)}..., chromium, ${minutes} minutes of ${COMMITS_A_SECOND} commits of ${TO_A_COMMIT} documents a second. Wanted: first paint within 1 s, no frame dropped, a flat heap. Whatever else the machine does takes frames as well: the time the page itself computes is that of its main thread alone.`,
    '',
    ...table(
      ['', 'measured'],
      [
        ['first contentful paint, ms, median of 5', median(({ paint }) => paint).toFixed(0)],
        ['first row of the table, ms', median(({ row }) => row).toFixed(0)],
        ['documents a second', (updates.committed / updates.seconds).toFixed(0)],
        ['frames a second', (updates.frames / updates.seconds).toFixed(1)],
        ['frames more than 50 ms late', String(updates.late)],
        ['longest gap between frames, ms', updates.worstMs.toFixed(0)],
        ['tasks of 50 ms and more', String(updates.longTasks)],
        ['processor time of the page, ms a second', updates.busy.toFixed(1)],
        ['JavaScript heap after a collection, MiB', pair(updates.heap)],
        ['nodes of the page', pair(updates.nodes)],
      ],
    ),
  ];
}
