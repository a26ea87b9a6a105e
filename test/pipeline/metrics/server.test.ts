import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Registry } from 'prom-client';
import { ConfigError } from '../../../pipeline/error.ts';
import { serveMetrics } from '../../../pipeline/metrics/server.ts';

describe('metrics', () => {
  test('are at /metrics and nowhere else, and gone when closed', async () => {
    const server = await serveMetrics(new Registry(), '127.0.0.1:0');
    assert.equal((await fetch(server.url)).status, 200);
    assert.equal((await fetch(new URL('/', server.url))).status, 404);
    assert.equal((await fetch(server.url, { method: 'POST' })).status, 404);
    await server.close();
    await assert.rejects(fetch(server.url));
  });

  test('refuse an address that is none, or taken', async () => {
    for (const address of ['', 'metrics', '70000', '127.0.0.1:']) {
      await assert.rejects(serveMetrics(new Registry(), address), ConfigError);
    }
    const server = await serveMetrics(new Registry(), '0');
    await assert.rejects(serveMetrics(new Registry(), new URL(server.url).port), /cannot listen there/);
    await server.close();
  });
});
