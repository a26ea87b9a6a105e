/** What stands in a config, or what a receiver answers, leads no request to an address that is not public. */
import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { describe, test } from 'node:test';
import { Undeliverable } from '../../pipeline/contract.ts';
import { DeliveryError, poster } from '../../stages/sinks/http/post.ts';
import { httpUrl } from '../../stages/sinks/http/settings.ts';
import { receiver } from './receiver.ts';

const { signal } = new AbortController();
const posterTo = (url: string, rest = {}) =>
  poster({ url, allowHosts: [], timeoutMs: 2000, clock: () => 1_700_000_000_000, ...rest });

const REFUSED = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f.0.0.1/',
  'http://0177.0.0.1/',
  'http://localhost/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[64:ff9b::7f00:1]/',
  'http://10.0.0.8/',
  'http://172.16.3.4/',
  'http://192.168.1.1/',
  'http://169.254.169.254/latest/meta-data/',
  'http://[fd00:ec2::254]/',
  'http://0.0.0.0/',
  'http://[fe80::1]/',
  'http://100.64.0.1/',
];

describe('the webhook guard', () => {
  for (const url of REFUSED) {
    test(`refuses ${url}`, async () => {
      await assert.rejects(posterTo(url).post('{}', {}, signal), (error: Error) => {
        assert.ok(error instanceof DeliveryError, String(error));
        assert.match(error.message, /no public address.*allowHosts/s);
        return true;
      });
    });
  }

  test('refuses a name that resolves to an address within, also beside a public one', async () => {
    for (const addresses of [['10.0.0.8'], ['8.8.8.8', '127.0.0.1'], ['::ffff:10.0.0.1']]) {
      const lookup = (_: string, __: object, done: (error: null, found: LookupAddress[]) => void) =>
        done(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        );
      await assert.rejects(posterTo('http://hook.example/', { lookup }).post('{}', {}, signal), /no public address/);
    }
  });

  test('connects to the address that was checked: a name server has no second say (DNS rebinding)', async () => {
    let asked = 0;
    const lookup = (_: string, __: object, done: (error: null, found: LookupAddress[]) => void) => {
      asked++;
      done(null, [{ address: asked === 1 ? '203.0.113.1' : '127.0.0.1', family: 4 }]); // 203.0.113.0/24 is no unicast range
    };
    await assert.rejects(posterTo('http://hook.example/', { lookup }).post('{}', {}, signal), /no public address/);
    assert.equal(asked, 1);
  });

  for (const status of [301, 302, 303, 307, 308]) {
    test(`follows no redirect (${status}), not even to where it may post`, async () => {
      const inside = await receiver();
      const { url, host } = await receiver((response) => response.writeHead(status, { location: inside.url }).end());
      const { post } = posterTo(url, { allowHosts: [host, inside.host] });
      await assert.rejects(post('{}', {}, signal), (error: Error) => {
        assert.ok(error instanceof DeliveryError);
        assert.match(error.message, /redirects/);
        return true;
      });
      assert.equal(inside.posted.length, 0);
    });
  }

  test('takes http and https alone', () => {
    for (const url of ['file:///etc/passwd', 'ftp://example.org/', 'gopher://x/', 'javascript:alert(1)', 'hook', '']) {
      assert.equal(httpUrl.safeParse(url).success, false, url);
    }
  });

  for (const status of [400, 413, 415, 422]) {
    test(`${status} is the alert's fault: it is not sent again`, async () => {
      const { url, host } = await receiver((response) => response.writeHead(status).end('too long\u0000'));
      await assert.rejects(posterTo(url, { allowHosts: [host] }).post('{}', {}, signal), (error: Error) => {
        assert.ok(error instanceof Undeliverable);
        assert.match(error.message, new RegExp(`${status}: too long`));
        return true;
      });
    });
  }

  for (const status of [401, 403, 404, 408, 410, 429, 500, 502, 503]) {
    test(`${status} may be otherwise later`, async () => {
      const { url, host } = await receiver((response) => response.writeHead(status, { 'retry-after': '7' }).end());
      await assert.rejects(posterTo(url, { allowHosts: [host] }).post('{}', {}, signal), {
        name: 'DeliveryError',
        afterMs: 7000,
      });
    });
  }

  test('an answer without end, one that never comes, and no answer at all cost no more than the time-out', async () => {
    const endless = await receiver((response) => {
      response.writeHead(500);
      const timer = setInterval(() => response.write('x'.repeat(1000)), 1);
      response.on('close', () => clearInterval(timer));
    });
    const silent = await receiver(() => undefined);
    for (const { url, host } of [endless, silent]) {
      await assert.rejects(posterTo(url, { allowHosts: [host], timeoutMs: 300 }).post('{}', {}, signal), DeliveryError);
    }
    await assert.rejects(
      posterTo('http://127.0.0.1:21499/', { allowHosts: ['127.0.0.1'] }).post('{}', {}, signal),
      /cannot be reached: .*ECONNREFUSED/,
    );
  });
});
