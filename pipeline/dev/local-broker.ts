/** The broker of deploy/broker, which runs on this machine alone. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigError } from '../error.ts';

const run = promisify(execFile);

export interface LocalBroker {
  /** host:port */
  readonly address: string;
  /** Starts it, or finds it running. */
  start(show: (line: string) => void): Promise<void>;
  stop(): Promise<void>;
  /** Stops it and deletes all that it holds. */
  wipe(): Promise<void>;
}

const JAVA = 17;
const INSTALL =
  'on Debian or Ubuntu: apt-get install openjdk-17-jre-headless maven; on macOS: brew install openjdk@17 maven';

/** @throws ConfigError where the machine lacks what the broker needs, or the broker does not start */
export function localBroker(dir: string, port: number): LocalBroker {
  const script = scriptFile();

  async function broker(command: string): Promise<string> {
    const { stdout } = await run('bash', [script, command, '--dir', dir, '--port', String(port)]).catch(
      (error: Error & { readonly stderr?: string }) => {
        throw new ConfigError(`the local broker: ${error.stderr?.trim() || error.message}`);
      },
    );
    return stdout.trim();
  }

  return {
    address: `127.0.0.1:${port}`,

    async start(show) {
      await checkJava();
      show(`broker | ${await broker('start')}`);
    },

    stop: async () => void (await broker('stop')),
    wipe: async () => void (await broker('wipe')),
  };
}

/** In a checkout, and in the package, where the JavaScript is a folder deeper. */
function scriptFile(): string {
  const places = ['../..', '../../..'].map((up) => join(import.meta.dirname, up, 'deploy', 'broker', 'broker.sh'));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new ConfigError(`the local broker: ${places[0]} is missing`);
  return found;
}

async function checkJava(): Promise<void> {
  const { stderr, stdout } = await run('java', ['-version']).catch(() => {
    throw new ConfigError(`the local broker needs Java ${JAVA} or newer, and there is no java on the PATH; ${INSTALL}`);
  });
  const version = /version "(\d+)/.exec(stderr + stdout)?.[1];
  if (version === undefined || Number(version) < JAVA) {
    const found = version === undefined ? 'another program' : `Java ${version}`;
    throw new ConfigError(`the local broker needs Java ${JAVA} or newer; the java on the PATH is ${found}; ${INSTALL}`);
  }
  await run('mvn', ['-v']).catch(() => {
    throw new ConfigError(`the local broker is fetched by Maven, and there is no mvn on the PATH; ${INSTALL}`);
  });
}
