import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { ConfigError } from '../../pipeline/error.ts';
import { webhook } from '../../stages/sinks/webhook.ts';
import { alertOf } from '../alert/alert-of.ts';
import { folders } from '../kit/folder.ts';
import { sinkContract } from '../kit/sink.ts';
import { receiver, tools } from './receiver.ts';

const folder = folders();
const { signal } = new AbortController();
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

function secretFile(secret = SECRET): string {
  const file = join(folder(), 'secret');
  writeFileSync(file, `${secret}\n`);
  return file;
}

const open = (settings: object, rest = {}) =>
  webhook.create(webhook.config.parse(settings), tools('/', { clock: Date.now, ...rest }));

describe('the webhook sink', () => {
  sinkContract({
    async make() {
      const { url, host, posted } = await receiver();
      return { sink: open({ url, allowHosts: [host] }), told: () => posted.map(({ body }) => body) };
    },
  });

  test('signs so that any Standard Webhooks library verifies it, with the same id however often it is sent', async () => {
    const { url, host, posted } = await receiver();
    const sink = open({ url: `${url}/hook`, allowHosts: [host], secretFile: secretFile() });
    for (const key of ['a', 'a', 'b']) await sink.send(alertOf(key), signal);
    const [first, again, other] = posted;
    for (const { headers, body } of posted) new Webhook(SECRET).verify(body, headers as Record<string, string>);
    assert.throws(() =>
      new Webhook(SECRET).verify(first!.body.replace('0.75', '0.76'), first!.headers as Record<string, string>),
    );
    assert.equal(first!.headers['webhook-id'], again!.headers['webhook-id']);
    assert.notEqual(first!.headers['webhook-id'], other!.headers['webhook-id']);
    assert.equal(first!.path, '/hook');
    const { type, data } = JSON.parse(first!.body);
    assert.deepEqual([type, data.id, data.at], ['deltasift.alert.match', alertOf('a').id, '2023-11-14T22:13:20.000Z']);
    assert.equal('signature' in data, false);
  });

  test('says the trace of the document, as a header and in the body, where there is one', async () => {
    const { url, host, posted } = await receiver();
    const sink = open({ url, allowHosts: [host] });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await sink.send({ ...alertOf('a'), traceparent }, signal);
    await sink.send(alertOf('b'), signal);
    const [traced, other] = posted;
    assert.equal(traced!.headers['traceparent'], traceparent);
    assert.equal(JSON.parse(traced!.body).data.traceparent, traceparent);
    assert.equal(other!.headers['traceparent'], undefined);
  });

  test('refuses a secret that is none, and says which file', () => {
    for (const secret of ['', 'hello', 'whsec_short']) {
      assert.throws(
        () => open({ url: 'https://example.org', secretFile: secretFile(secret) }),
        (error: Error) => {
          assert.ok(error instanceof ConfigError, String(error));
          assert.match(error.message, /secret/);
          assert.ok(secret === '' || !error.message.includes(secret));
          return true;
        },
      );
    }
    assert.throws(() => open({ url: 'https://example.org', secretFile: '/nowhere' }), ConfigError);
  });
});
