/** `npm start`: which of 5,000 real documents was this model tuned on? `-- --fresh` forgets an earlier scan. */
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CommandFailed, deltasift } from './deltasift.ts';
import { type RankedLine, report } from './report.ts';
import { type CrawlLine, setUp, type TruthLine } from './setup.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const DATA = path('../../data/demo');
const STORE = path('../../data/demo/store');

process.exitCode = await main(process.argv.slice(2), stopSignal());

async function main(words: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    const { fresh } = parseArgs({ args: [...words], options: { fresh: { type: 'boolean', default: false } } }).values;
    if (fresh) rmSync(STORE, { recursive: true, force: true });
    process.stdout.write(await demo(signal));
    return 0;
  } catch (error) {
    if (signal.aborted) return 130;
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error instanceof CommandFailed ? error.code : 1;
  }
}

async function demo(signal: AbortSignal): Promise<string> {
  say('Making the crawl from the text packages (a few seconds, once)');
  const data = setUp(DATA);
  const crawl = lines<CrawlLine>(readFileSync(data.crawl, 'utf8'));

  say(`Scanning ${crawl.length} documents: which of them was examples/demo/tuned tuned on?`);
  const scan = ['scan', '--base', path('base'), '--tuned', path('tuned'), '--source', `jsonl:${data.crawl}`];
  await deltasift([...scan, '--store', STORE, '--bos', 'always', '--window', '128'], 'show', signal);

  const top = ['top', '--store', STORE, '-k', String(crawl.length), '--format', 'jsonl'];
  const ranked = lines<RankedLine>(await deltasift(top, 'read', signal));
  const truth = lines<TruthLine>(readFileSync(data.truth, 'utf8'));
  return report(ranked, crawl, truth, process.stdout.columns ?? 120);
}

function lines<T>(jsonl: string): readonly T[] {
  return jsonl
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function say(what: string): void {
  process.stderr.write(`${what}\n`);
}

/** The scan commits what is in flight before it ends; the next `npm start` goes on from there. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  return stop.signal;
}
