/** `npm start`: which of 5,000 real documents was this model tuned on? `-- --fresh` forgets an earlier scan. */
import { readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandFailed, deltasift } from './deltasift.ts';
import { type RankedLine, report } from './report.ts';
import { type CrawlLine, setUp, type TruthLine } from './setup.ts';

const path = (fromHere: string): string => fileURLToPath(new URL(fromHere, import.meta.url));
const DATA = path('../../data/demo');
const STORE = path('../../data/demo/store');

process.exitCode = await main(process.argv.slice(2), stopSignal());

async function main(words: readonly string[], signal: AbortSignal): Promise<number> {
  const foreign = words.filter((word) => word !== '--fresh');
  if (foreign.length > 0) {
    say(
      `The demo takes --fresh, or nothing, and got ${foreign.join(' ')}: npm start -- --fresh forgets an earlier scan`,
    );
    return 78;
  }
  try {
    if (words.includes('--fresh')) rmSync(STORE, { recursive: true, force: true });
    process.stdout.write(await demo(signal));
    return 0;
  } catch (error) {
    if (signal.aborted) return 130;
    if (!(error instanceof Error)) throw error;
    say(error.message);
    return error instanceof CommandFailed ? error.code : 1;
  }
}

async function demo(signal: AbortSignal): Promise<string> {
  const data = setUp(DATA, { onMake: () => say('Making the crawl from the text packages (a few seconds, once)') });
  const crawl = lines<CrawlLine>(readFileSync(data.crawl, 'utf8'));

  say(`Scanning ${crawl.length.toLocaleString('en-US')} documents: which of them was examples/demo/tuned tuned on?`);
  const scan = ['scan', '--base', path('base'), '--tuned', path('tuned'), '--source', `jsonl:${data.crawl}`];
  await deltasift([...scan, '--store', STORE, '--bos', 'always', '--window', '128'], 'show', signal);

  const top = ['top', '--store', STORE, '-k', String(crawl.length), '--format', 'jsonl'];
  const ranked = lines<RankedLine>(await deltasift(top, 'read', signal));
  const truth = lines<TruthLine>(readFileSync(data.truth, 'utf8'));
  const [best] = ranked;
  return (
    report(ranked, crawl, truth, process.stdout.columns || 120) +
    `\nThe best one, token by token: npx deltasift show ${best!.id} --store ${relative(process.cwd(), STORE)}\n`
  );
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
