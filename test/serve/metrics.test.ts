import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { serverMetrics } from '../../pipeline/metrics/serve.ts';
import { serve } from '../../pipeline/serve/server.ts';
import { folders } from '../kit/folder.ts';
import { AUTHORIZED, ENVIRONMENT, filled, TOKEN } from './served-store.ts';

const folder = folders();

test('a server tells Prometheus of its store and of each route by status, and not of what was asked for in it', async () => {
  const dir = join(folder(), 'store');
  filled(dir, 10).close();
  const watch = serverMetrics();
  const fault = (error: Error) => assert.fail(error);
  const server = await serve(
    { store: dir, address: '0', token: TOKEN, hosts: [], roots: [], environment: ENVIRONMENT },
    '--serve',
    fault,
    watch,
  );
  const ask = async (path: string, headers = {}) => (await fetch(new URL(path, server.url), { headers })).text();
  await ask('/api/deltas/dd/top?limit=3', AUTHORIZED);
  await ask('/api/deltas/dddd/top?limit=4', AUTHORIZED);
  await ask('/api/deltas');
  await ask('/no/such/thing', AUTHORIZED);
  const text = await watch.registry.metrics();
  for (const line of [
    'deltasift_request_seconds_count{route="/api/deltas/{delta}/top",status="200"} 2',
    'deltasift_request_seconds_count{route="/api/deltas",status="401"} 1',
    'deltasift_request_seconds_count{route="",status="404"} 1',
    'deltasift_scored{delta="dddddddddddd"} 10',
    'deltasift_deltas{state="active"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
  assert.match(text, /^deltasift_store_bytes [1-9]\d{4,}$/m);
  await server.close();
});
