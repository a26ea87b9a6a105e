/** A real broker for a test: its own ports, its data in a folder that goes with it. */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('../../deploy/broker/broker.sh', import.meta.url));

export interface Broker {
  /** host:port, plain text */
  readonly address: string;
  /** host:port with TLS and SASL, where it was started `secure` */
  readonly secureAddress: string;
  readonly dir: string;
  /** kill -9: nothing is written any more. */
  kill(): Promise<void>;
  /** Starts it again on its data. */
  start(): Promise<void>;
  /** Ends it and deletes its data. */
  close(): Promise<void>;
}

export async function startBroker({ secure = false }: { readonly secure?: boolean } = {}): Promise<Broker> {
  const dir = mkdtempSync(join(tmpdir(), 'deltasift-broker-'));
  const port = await freePorts(3);
  const env = { ...process.env, BROKER_HEAP: '256m', BROKER_OPTS: '-XX:TieredStopAtLevel=1' };
  const broker = (command: string) =>
    run(SCRIPT, [command, '--dir', dir, '--port', String(port), ...(secure ? ['--secure'] : [])], { env });

  await broker('start');
  return {
    address: `127.0.0.1:${port}`,
    secureAddress: `127.0.0.1:${port + 2}`,
    dir,
    async kill() {
      await broker('kill');
    },
    async start() {
      await broker('start');
    },
    async close() {
      await broker('wipe');
    },
  };
}

/** Ports of outgoing connections begin above: a client that keeps trying one of those while nobody listens connects to itself. */
const HIGHEST = 32_000;
const LOWEST = 20_000;

/** The first of `count` consecutive ports that nobody listens on. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = randomInt(LOWEST, HIGHEST - count);
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (!free.includes(false)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
