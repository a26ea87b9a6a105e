/** A process of its own, whose lines are shown under its name. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Child {
  readonly name: string;
  /** Resolves with the exit code when it has ended; 130 where a signal ended it. */
  readonly ended: Promise<number>;
  /** Asks it to end, and after `patienceMs` ends it. */
  stop(patienceMs: number): Promise<number>;
}

/**
 * In a process group of its own: a Ctrl-C in the terminal does not reach it, so that what is to stop last can. By the channel it
 * notices when this process is killed outright, where it listens for that.
 *
 * @param show told each line it writes
 */
export function startChild(name: string, words: readonly [string, ...string[]], show: (line: string) => void): Child {
  const [file, ...rest] = words;
  const child = spawn(file, rest, { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => show(`${name} | ${line}`));
  }
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 130));
  });
  ended.catch(() => undefined); // whoever waits for it is told

  return {
    name,
    ended,

    async stop(patienceMs) {
      child.kill('SIGTERM');
      const impatient = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      return await ended.catch(() => 130).finally(() => clearTimeout(impatient));
    },
  };
}
