/** What the API takes: requests a second of processor time, beside nothing else. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { environmentOf } from '../pipeline/environment.ts';
import { serveInThread } from '../pipeline/serve/thread.ts';
import { openStore } from '../pipeline/store/store.ts';
import { table } from './results.ts';

const DEMO = fileURLToPath(new URL('../data/demo/store', import.meta.url));
const TOKEN = 'a-token-for-the-bench';
const [SECONDS, CONNECTIONS] = [5, 8];

/** Client and server are two threads of one process: both are counted. @throws where the demo was not run */
export async function apiSection(): Promise<readonly string[]> {
  if (!existsSync(join(DEMO, 'store.sqlite'))) throw new Error('api: run `npm start` first: its store is served');
  const store = openStore(DEMO, { readonly: true });
  const { id, keep } = store.deltas()[0]!;
  const documents = store.top(id, keep).length;
  store.close();
  const options = {
    store: DEMO,
    address: '0',
    token: TOKEN,
    hosts: [],
    roots: [],
    environment: environmentOf({}, '/', false),
  };
  const server = await serveInThread(options, (message) => console.error(message));
  const pool = new Pool(server.url, { connections: CONNECTIONS });
  const rows: string[][] = [];
  for (const [what, path] of [
    ['top, 50 documents', `/api/deltas/${id}/top`],
    ['histogram', `/api/deltas/${id}/histogram`],
  ] as const) {
    await requests(pool, path, 1);
    const before = process.cpuUsage();
    const answered = await requests(pool, path, SECONDS);
    const { user, system } = process.cpuUsage(before);
    rows.push([what, (answered / SECONDS).toFixed(0), (answered / ((user + system) / 1e6)).toFixed(0)]);
  }
  await pool.close();
  await server.close();
  return [
    `The demo's store, ${documents.toLocaleString('en')} documents; ${CONNECTIONS} connections for ${SECONDS} s, no scan beside it. Wanted: at least 500 requests of top a second on one core.`,
    '',
    ...table(['', 'requests / second', 'requests / CPU second, client included'], rows),
  ];
}

async function requests(pool: Pool, path: string, seconds: number): Promise<number> {
  const end = performance.now() + 1000 * seconds;
  let answered = 0;
  const ask = async () => {
    while (performance.now() < end) {
      const { statusCode, body } = await pool.request({
        path,
        method: 'GET',
        headers: { authorization: `Bearer ${TOKEN}` },
      });
      await body.dump();
      if (statusCode !== 200) throw new Error(`${path}: ${statusCode}`);
      answered++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, ask));
  return answered;
}
