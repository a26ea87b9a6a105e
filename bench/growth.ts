/** Whether a scan of many documents goes as fast, and stays as small, as one of few. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documentsFile } from './documents.ts';
import type { Pair } from './pair.ts';
import { table } from './results.ts';

const [FEW, MANY, WORDS] = [10_000, 100_000, 60];
/** Milliseconds between looks at the process. */
const LOOK = 200;

interface Cost {
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly peakBytes: number;
}

export async function growthSection(pair: Pair, cache: string): Promise<readonly string[]> {
  const one = await scan(pair, await documentsFile(cache, FEW, WORDS), 1);
  const few = await scan(pair, await documentsFile(cache, FEW, WORDS));
  const many = await scan(pair, await documentsFile(cache, MANY, WORDS));
  const speed = (cost: Cost, count: number) => count / (cost.cpuSeconds - one.cpuSeconds);
  const pace = (cost: Cost, count: number) => count / (cost.seconds - one.seconds);
  const row = (name: string, cost: Cost, count: number) => [
    name,
    speed(cost, count).toFixed(0),
    pace(cost, count).toFixed(0),
    `${(cost.peakBytes / 2 ** 20).toFixed(0)} MiB`,
  ];
  const ratio = [
    'ratio',
    (speed(many, MANY) / speed(few, FEW)).toFixed(3),
    (pace(many, MANY) / pace(few, FEW)).toFixed(3),
    (many.peakBytes / few.peakBytes).toFixed(3),
  ];
  return [
    `\`deltasift scan\` of the pair in test/golden/tiny, defaults, --threads 1, documents of ${WORDS} words; less what a scan of one document takes. Wanted: at least 0.95 of the speed, at most 1.1 of the memory.`,
    '',
    ...table(
      ['documents', 'documents / CPU second', 'documents / second', 'peak memory'],
      [row('10,000', few, FEW), row('100,000', many, MANY), ratio],
    ),
  ];
}

/** Runs the command line in a process of its own, on a fresh store. Reads /proc: Linux only. */
async function scan({ base, tuned }: Pair, file: string, limit?: number): Promise<Cost> {
  const store = mkdtempSync(join(tmpdir(), 'deltasift-bench-'));
  const cli = fileURLToPath(new URL('../pipeline/cli.ts', import.meta.url));
  const flags = [
    '--base',
    base,
    '--tuned',
    tuned,
    '--source',
    `jsonl:${file}`,
    '--store',
    store,
    '--threads',
    '1',
    '--json',
  ];
  const start = performance.now();
  const before = childrenCpu();
  const child = spawn(
    process.execPath,
    [cli, 'scan', ...flags, ...(limit === undefined ? [] : ['--limit', `${limit}`])],
    {
      stdio: ['ignore', 'ignore', 'ignore'],
    },
  );
  let peakBytes = 0;
  const look = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid!));
  }, LOOK);
  const code = await new Promise<number | null>((done) => child.on('exit', done));
  clearInterval(look);
  rmSync(store, { recursive: true });
  if (code !== 0) throw new Error(`scan ended with code ${code}`);
  return { cpuSeconds: childrenCpu() - before, seconds: (performance.now() - start) / 1000, peakBytes };
}

/** VmHWM: the most memory the process ever held; 0 once it is gone. */
function peakOf(pid: number): number {
  try {
    return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** CPU seconds of all children that have ended: fields 16 and 17 of /proc/self/stat, in hundredths. */
function childrenCpu(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}
