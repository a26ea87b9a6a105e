/** The command line as a user starts it: a process of its own, through the bin. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const LAUNCHER = fileURLToPath(new URL('../../pipeline/launcher.cjs', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly bytes: Buffer;
  /** `bytes` as text. */
  readonly out: string;
  readonly err: string;
}

/** No variable of the machine that runs the tests gets in. */
export async function deltasift(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [LAUNCHER, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [bytes, err, [code]] = await Promise.all([buffer(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, bytes, out: bytes.toString(), err };
}
