/** A real schema registry for a test: its own port, and nothing is left of it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePorts } from './broker.ts';

const SCRIPT = fileURLToPath(new URL('../../deploy/registry/registry.sh', import.meta.url));

export interface Apicurio {
  /** Of Confluent's REST interface. */
  readonly url: string;
  close(): Promise<void>;
}

export async function startApicurio(): Promise<Apicurio> {
  const dir = mkdtempSync(join(tmpdir(), 'deltasift-registry-'));
  const port = String(await freePorts(1));
  const script = (command: string) => promisify(execFile)(SCRIPT, [command, '--dir', dir, '--port', port]);
  await script('start');
  return {
    url: `http://127.0.0.1:${port}/apis/ccompat/v7`,
    async close() {
      await script('stop');
      rmSync(dir, { recursive: true });
    },
  };
}
