/** Deltas added, paused and removed over the API, on the small real pair. */
import assert from 'node:assert/strict';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { halfTuned, tinyPair } from '../cli/tiny.ts';
import { folders } from '../kit/folder.ts';
import { DELTA } from '../kit/store.ts';
import { AUTHORIZED, apiOf, pairStore } from './served-store.ts';

describe('deltas over the API', () => {
  const folder = folders();
  const [dir, models] = [folder(), folder()];
  const store = pairStore(dir);
  const half = halfTuned(join(models, 'half'));
  cpSync(tinyPair.base, join(models, 'same'), { recursive: true });
  cpSync(tinyPair.base, join(models, 'broken'), { recursive: true });
  writeFileSync(join(models, 'broken', 'config.json'), '{');
  const faults: Error[] = [];
  const api = apiOf(dir, (error) => faults.push(error), [models]);
  const closed = apiOf(dir);
  after(async () => {
    await Promise.all([api.close(), closed.close()]);
    store.close();
    assert.deepEqual(faults, []);
  });

  type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
  async function ask(method: Method, url: string, payload?: object, { server } = api) {
    const asked = { method, url, headers: AUTHORIZED, ...(payload === undefined ? {} : { payload }) };
    const { statusCode: status, body, headers } = await server.inject(asked);
    return { status, body: body === '' ? null : JSON.parse(body), headers };
  }
  const ids = async () => (await ask('GET', '/api/deltas')).body.items.map(({ id }: { id: string }) => id);

  test('one is added, listed, paused, resumed and removed, and every other reader sees it', async () => {
    const version = store.deltasVersion();
    const added = await ask('POST', '/api/deltas', { tuned: half });
    assert.equal(added.status, 201, JSON.stringify(added.body));
    const { id, scan, paused, documents } = added.body;
    assert.deepEqual([scan, paused, documents], [DELTA, false, 0]);
    assert.deepEqual(new Set(await ids()), new Set([DELTA, id]));
    assert.ok(store.deltasVersion() > version, 'a scan that runs is told');

    const url = `/api/deltas/${id.slice(0, 12)}`;
    assert.equal((await ask('PATCH', url, { paused: true })).body.paused, true);
    assert.equal(store.deltas().find((delta) => delta.id === id)?.paused, true);
    assert.equal((await ask('PATCH', url, { paused: false })).body.paused, false);
    assert.deepEqual(await ask('POST', '/api/deltas', { tuned: half }).then(({ status }) => status), 422);
    const removed = await ask('DELETE', url);
    assert.deepEqual([removed.status, removed.body], [204, null]);
    assert.deepEqual(await ids(), [DELTA]);
    assert.equal((await ask('DELETE', url)).status, 404);
  });

  test('only one is read at a time', async () => {
    const answers = await Promise.all([1, 2].map(() => ask('POST', '/api/deltas', { tuned: half })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 503]);
    assert.match(String(answers.find(({ status }) => status === 503)!.headers['retry-after']), /^\d+$/);
    const { id } = answers.find(({ status }) => status === 201)!.body;
    assert.equal((await ask('DELETE', `/api/deltas/${id}`)).status, 204);
  });

  const refused: readonly (readonly [what: string, method: Method, body: object, status: number, why: RegExp])[] = [
    ['a folder that is not under a root', 'POST', { tuned: tinyPair.tuned }, 403, /may not be named/],
    ['a file of the system', 'POST', { tuned: '/etc/passwd' }, 403, /may not be named/],
    ['a folder that is not there', 'POST', { tuned: join(models, 'none') }, 403, /may not be named/],
    ['an address inside', 'POST', { tuned: 'http://127.0.0.1:1/model' }, 403, /may not be named/],
    ['a model of the hub', 'POST', { tuned: 'hf:org/private' }, 403, /may not be named/],
    ['the base again', 'POST', { tuned: join(models, 'same') }, 422, /./],
    ['a broken checkpoint', 'POST', { tuned: join(models, 'broken') }, 422, /config\.json/],
    ['no checkpoint', 'POST', {}, 400, /tuned/],
    ['a number', 'POST', { tuned: 7 }, 400, /tuned/],
    ['a path of 5,000 characters', 'POST', { tuned: 'x'.repeat(5000) }, 400, /tuned/],
    ['a body of 100 kB', 'POST', { tuned: 'x'.repeat(100_000) }, 413, /./],
    ['a key that does not exist', 'POST', { tuned: half, base: '/etc' }, 400, /base/],
    ['beside one that is not there', 'POST', { tuned: half, beside: 'fff' }, 422, /beside/],
    ['paused: maybe', 'PATCH', { paused: 'maybe' }, 400, /paused/],
    ['nothing to change', 'PATCH', {}, 400, /paused/],
    ['a body where there is nothing to say', 'DELETE', { all: true }, 400, /body/],
  ];
  for (const [what, method, body, status, why] of refused) {
    test(`${method} of ${what}: ${status}, and nothing changes`, async () => {
      const answer = await ask(method, method === 'POST' ? '/api/deltas' : `/api/deltas/${DELTA}`, body);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.match(answer.body.detail, why);
      assert.match(String(answer.headers['content-type']), /application\/problem\+json/);
      assert.deepEqual(await ids(), [DELTA]);
      assert.equal(store.deltas()[0]!.paused, false);
    });
  }

  test('a form of another page, which sends no JSON, is refused', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const { statusCode } = await api.server.inject({
        method: 'POST',
        url: '/api/deltas',
        headers: { ...AUTHORIZED, 'content-type': type },
        payload: JSON.stringify({ tuned: half }),
      });
      assert.equal(statusCode, 415, type);
    }
  });

  test('without the token nothing is read of the body, nor of the disk', async () => {
    for (const [method, url] of [
      ['POST', '/api/deltas'],
      ['PATCH', `/api/deltas/${DELTA}`],
      ['DELETE', `/api/deltas/${DELTA}`],
    ] as const) {
      const payload = method === 'DELETE' ? {} : { payload: { tuned: 'x'.repeat(100_000) } };
      assert.equal((await api.server.inject({ method, url, ...payload })).statusCode, 401);
    }
    assert.deepEqual(await ids(), [DELTA]);
  });

  test('where no root was given none may be named, and the answer says how', async () => {
    const { status, body } = await ask('POST', '/api/deltas', { tuned: half }, closed);
    assert.equal(status, 403);
    assert.match(body.detail, /--serve-checkpoints/);
  });

  test('a checkpoint that is gone by the time it is added is not there', async () => {
    const gone = halfTuned(join(models, 'gone'));
    rmSync(gone, { recursive: true });
    assert.equal((await ask('POST', '/api/deltas', { tuned: gone })).status, 403);
  });
});
