import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { changes, routes } from '../../pipeline/serve/routes.ts';
import { folders } from '../kit/folder.ts';
import { DELTA } from '../kit/store.ts';
import { AUTHORIZED, apiOf, fill, filled } from './served-store.ts';

describe('the API', () => {
  const dir = folders()();
  const store = filled(dir, 120);
  const api = apiOf(dir);
  after(async () => {
    await api.close();
    store.close();
  });
  const get = async (url: string) => {
    const response = await api.server.inject({ url, headers: AUTHORIZED });
    return { ...response, status: response.statusCode, body: response.json() };
  };

  test('gives of every route what its schema says', async () => {
    for (const { path, reply } of routes) {
      const url = path.replace('{delta}', DELTA).replace('{key}', 'key000007');
      const { status, body } = await get(url);
      assert.equal(status, 200, `${url}: ${JSON.stringify(body)}`);
      reply.parse(body);
    }
  });

  test('pages through all of the best, each once, in order, also while more come', async () => {
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const cursor = next === '' ? '' : `&cursor=${next}`;
      const { body } = await get(`/api/deltas/${DELTA}/top?limit=7${cursor}`);
      for (const { key, rank } of body.items) {
        seen.push(key);
        assert.equal(rank, seen.length);
      }
      next = body.next;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 120 }, (_, i) => `key${String(119 - i).padStart(6, '0')}`),
    );
  });

  test('shows a document token by token', async () => {
    const { body } = await get(`/api/deltas/dd/documents/key000007`);
    assert.deepEqual(body.shaded, [
      { text: '<1>', value: null },
      { text: '<2>', value: 0.5 },
      { text: '<70000>', value: -0.25 },
    ]);
    assert.equal(body.rank, 113);
    assert.ok(Math.abs(body.share - 8 / 120) < 0.01);
  });

  test('has a histogram that holds every document once', async () => {
    const { body } = await get(`/api/deltas/${DELTA}/histogram?bins=12`);
    assert.equal(body.edges.length, 13);
    assert.equal(
      body.counts.reduce((sum: number, n: number) => sum + n, 0),
      120,
    );
  });

  test('lists the hosts the best come from', async () => {
    const { body } = await get(`/api/deltas/${DELTA}/hosts`);
    assert.deepEqual(
      body.items.map(({ documents }: { documents: number }) => documents),
      [40, 40, 40],
    );
    assert.equal(body.items[0].best, 1.2);
  });

  test('lists rejects of one code, page by page', async () => {
    const first = await get('/api/rejects?limit=8&code=too-short');
    const second = await get(`/api/rejects?limit=8&code=too-short&cursor=${first.body.next}`);
    assert.deepEqual([first.body.items.length, second.body.items.length, second.body.next], [8, 4, null]);
    assert.deepEqual((await get('/api/rejects?code=bad-token')).body.items, []);
  });

  test('sees what was committed since, by another connection', async () => {
    await get(`/api/deltas/${DELTA}/top?limit=1`);
    fill(store, 1, 500);
    const { body } = await get(`/api/deltas/${DELTA}/top?limit=1`);
    assert.equal(body.items[0].key, 'key000500');
  });

  test('describes every route in its OpenAPI document', async () => {
    const { body } = await get('/openapi.json');
    assert.match(body.openapi, /^3\.1/);
    const paths = [...routes, ...changes].map(({ path }) => path);
    assert.deepEqual(new Set(Object.keys(body.paths)), new Set([...paths, '/api/events']));
    for (const { method, path, status } of changes) {
      assert.ok(body.paths[path][method.toLowerCase()].responses[status], `${method} ${path}`);
    }
    const top = body.paths['/api/deltas/{delta}/top'].get;
    assert.deepEqual(
      top.parameters.map(({ name, in: where, required }: Record<string, unknown>) => [name, where, required]),
      [
        ['delta', 'path', true],
        ['limit', 'query', false],
        ['cursor', 'query', false],
      ],
    );
    assert.ok(top.responses[200].content['application/json'].schema.properties.items);
  });
});
