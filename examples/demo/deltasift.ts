import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../pipeline/launcher.cjs', import.meta.url));

/** The command line ended with another exit code than 0; it has said why. */
export class CommandFailed extends Error {
  readonly code: number;

  constructor(words: readonly string[], code: number) {
    super(`deltasift ${words[0]} ended with exit code ${code}`);
    this.code = code;
  }
}

/**
 * Runs the command line as a user would, as a process of its own; what it says on stderr is shown. By the channel it notices when
 * this process is killed outright, and ends too.
 *
 * @param stdout `show` on stderr, or `read`
 * @returns what it wrote to stdout where that is read
 * @throws CommandFailed
 */
export async function deltasift(
  words: readonly string[],
  stdout: 'show' | 'read',
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [LAUNCHER, ...words], {
    stdio: ['ignore', stdout === 'read' ? 'pipe' : process.stderr, 'inherit', 'ipc'],
  });
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop);

  const written: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => written.push(chunk));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', reject);
  child.on('close', (code) => resolve(code ?? 130)); // null: ended by a signal
  const code = await promise.finally(() => signal.removeEventListener('abort', stop));
  if (code !== 0) throw new CommandFailed(words, code);
  return Buffer.concat(written).toString();
}
