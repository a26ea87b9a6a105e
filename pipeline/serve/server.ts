/** Serves a store: the API, on an address of its own. */
import { readFileSync } from 'node:fs';
import { addressOf, urlOf } from '../config/address.ts';
import type { DeltaCluster } from '../deltas/open-set.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import type { StoreView } from '../store/view.ts';
import { keptTokenizer } from '../target/kept-tokenizer.ts';
import { type Answer, app } from './app.ts';
import { type Deltas, desk } from './desk.ts';
import { pageFiles } from './page-files.ts';
import { served } from './served.ts';
import { storeDeltas } from './store-deltas.ts';

/** Plain values: a thread is started with them as well. */
export interface ServeOptions {
  /** Folder of the store. */
  readonly store: string;
  /** [HOST:]PORT */
  readonly address: string;
  readonly token: string;
  /** Names the server goes by, besides IP addresses and localhost. */
  readonly hosts: readonly string[];
  /** What may be named as a tuned checkpoint of a new delta: see deltas/admissible.ts. */
  readonly roots: readonly string[];
  /** The cluster that the store follows: its deltas are changed there. */
  readonly cluster?: DeltaCluster | undefined;
  readonly environment: Environment;
}

/** Who counts what is asked. */
export interface ServeWatch {
  opened(view: StoreView): void;
  answered(answer: Answer): void;
}

export interface Server {
  /** Where it listens: http://HOST:PORT */
  readonly url: string;
  close(): Promise<void>;
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/**
 * @param flag names the address in errors
 * @param onFault told of a fault of ours
 * @throws ConfigError where there is no store, or the address cannot be listened on
 */
export async function serve(
  { store, address, token, hosts, roots, cluster, environment }: ServeOptions,
  flag: string,
  onFault: (error: Error) => void,
  watch?: ServeWatch,
): Promise<Server> {
  const { host, port } = addressOf(address, flag);
  const page = await pageFiles();
  const clock = () => Date.now() / 1000;
  const read = served({
    dir: store,
    version,
    desk: desk(roots, await deltasOf()),
    openTokenizer: keptTokenizer,
    clock,
  });
  watch?.opened(read.view);
  const server = app({ served: read, page, token, hosts, onAnswer: watch?.answered, onFault });
  const close = async () => {
    await server.close();
    read.close();
  };
  try {
    await server.listen({ host, port });
  } catch (error) {
    await close();
    throw new ConfigError(`${flag} ${address}: cannot listen there: ${(error as Error).message}`);
  }
  const bound = server.server.address() as { readonly port: number };
  return { url: urlOf({ host, port: bound.port }), close };

  async function deltasOf(): Promise<Deltas> {
    if (cluster === undefined) return storeDeltas(store, environment);
    const { clusterDeltas } = await import('./cluster-deltas.ts'); // kafkajs is loaded where there is a cluster
    return clusterDeltas({ cluster, dir: store, environment, clock });
  }
}
