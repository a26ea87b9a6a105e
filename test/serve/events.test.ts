import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { folders } from '../kit/folder.ts';
import { DELTA } from '../kit/store.ts';
import { AUTHORIZED, apiOf, fill, filled } from './served-store.ts';

describe('live events', () => {
  const dir = folders()();
  const store = filled(dir, 5);
  const api = apiOf(dir);
  let url = '';
  before(async () => {
    await api.server.listen({ port: 0, host: '127.0.0.1' });
    const { port } = api.server.server.address() as { readonly port: number };
    url = `http://127.0.0.1:${port}/api/events`;
  });
  after(async () => {
    await api.close();
    store.close();
  });

  /** Samples as they come, until `enough` of them did. */
  async function samples(enough: number, meanwhile: () => void = () => undefined): Promise<readonly string[]> {
    const stop = new AbortController();
    const response = await fetch(url, { headers: AUTHORIZED, signal: stop.signal });
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      if (text === '') meanwhile();
      text += chunk;
      const whole = [...text.matchAll(/event: sample\ndata: (.*)\n\n/g)].map(([, data]) => data!);
      if (whole.length < enough) continue;
      stop.abort();
      return whole;
    }
    throw new Error(`the stream ended after ${text}`);
  }

  test('begin with how things stand, and follow with what changed', async () => {
    const [first, second] = await samples(2, () => fill(store, 3, 50));
    assert.deepEqual(JSON.parse(first!).documents, { [DELTA]: 5 });
    assert.deepEqual(JSON.parse(second!).documents, { [DELTA]: 8 });
    assert.ok(JSON.parse(second!).revision > JSON.parse(first!).revision);
  });

  test('are for those who know the token', async () => {
    assert.equal((await fetch(url)).status, 401);
  });

  test('are refused to the 65th, who is told so; one that left makes room', async () => {
    const stop = new AbortController();
    const open = () => fetch(url, { headers: AUTHORIZED, signal: stop.signal });
    const streams = await Promise.all(Array.from({ length: 64 }, open));
    assert.ok(streams.every(({ status }) => status === 200));
    const refused = await fetch(url, { headers: AUTHORIZED });
    assert.equal(refused.status, 503);
    assert.match(((await refused.json()) as { detail: string }).detail, /64 streams/);
    stop.abort();
    await samples(1);
  });
});
