/** What the kernel says of another process; Linux only. */
import { readFileSync } from 'node:fs';

/** Hundredths of a second: what /proc counts in. */
const TICKS = 100;

/** CPU seconds that a process took since it began, of all its threads; 0 once it is gone. */
export function cpuSecondsOf(pid: number): number {
  const fields = read(pid, 'stat')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS; // fields 14 and 15 of all
}

/** Bytes of memory, by the name the kernel has for it: VmRSS, or RssAnon for those that no file is behind. 0 once it is gone. */
export function memoryOf(pid: number, name: 'VmRSS' | 'RssAnon' | 'VmHWM'): number {
  const line = read(pid, 'status')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  return 1024 * Number(/\d+/.exec(line ?? '')?.[0] ?? 0);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
