/** What was made to break readers: how long it takes to be refused, and the memory it takes, each in a process of its own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { table } from './results.ts';

export const BOMBS = {
  member: 'gzip member of 200 MiB, packed 1000:1',
  body: 'body of a page that is',
  nesting: '200,000 elements in each other',
  deepest: '1,600,000 of them, 8 MB',
  attributes: 'element of 1,000,000 attributes',
  entities: '8 MB of entities',
  brackets: "8 MB of '<'",
  line: 'line of 1 GiB (JSON lines, gzip)',
  headers: '1,000,000 headers of a record',
  responseHeaders: '700,000 headers of a response',
  laughs: 'feed of a billion laughs',
  redirect: 'page that redirects without end',
  slow: 'page that comes byte by byte (maxSeconds: 1)',
} as const;

interface Came {
  readonly after: number;
  readonly cpu: number;
  readonly outcome: string;
  readonly isRestRead: boolean;
  readonly above: number;
}

export async function bombsSection(cache: string): Promise<readonly string[]> {
  mkdirSync(cache, { recursive: true });
  const child = fileURLToPath(new URL('bomb.ts', import.meta.url));
  const rows = Object.entries(BOMBS).map(([name, what]) => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', child, cache, name], { encoding: 'utf8' });
    const last = stdout.trim().split('\n').at(-1);
    if (last === undefined || last === '') throw new Error(`${name}: ${stderr}`);
    const { after, cpu, outcome, isRestRead, above } = JSON.parse(last) as Came;
    const isWhole = name === 'laughs' ? 'the feed is one record' : isRestRead ? 'yes' : 'no';
    return [what, outcome, after.toFixed(2), cpu.toFixed(2), above.toFixed(0), isWhole];
  });
  return [
    'From the start of reading to the outcome of the record, by the clock and by the processor, the start of threads counted; memory above that before reading, at its peak. Asked for: 2 s, 300 MB.',
    '',
    ...table(['', 'outcome', 's', 'CPU s', 'MB', 'the rest is read'], rows),
  ];
}
