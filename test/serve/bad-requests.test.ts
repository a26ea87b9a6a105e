import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { folders } from '../kit/folder.ts';
import { DELTA } from '../kit/store.ts';
import { AUTHORIZED, apiOf, filled, TOKEN } from './served-store.ts';

interface Bad {
  readonly what: string;
  readonly url?: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'HEAD' | 'PATCH';
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string;
  readonly status: number;
  readonly detail: RegExp;
}

const TOP = `/api/deltas/${DELTA}/top`;
const cursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

const BAD: readonly Bad[] = [
  { what: 'no token', headers: { authorization: '' }, status: 401, detail: /Bearer/ },
  { what: 'another token', headers: { authorization: 'Bearer wrong' }, status: 401, detail: /token/ },
  { what: 'half the token', headers: { authorization: `Bearer ${TOKEN.slice(0, 9)}` }, status: 401, detail: /token/ },
  { what: 'another scheme', headers: { authorization: `Basic ${TOKEN}` }, status: 401, detail: /Bearer/ },
  { what: 'a huge token', headers: { authorization: `Bearer ${'x'.repeat(5000)}` }, status: 401, detail: /token/ },
  { what: 'the token in the address', url: `${TOP}?token=${TOKEN}`, status: 400, detail: /token/ },
  { what: "an attacker's name (DNS rebinding)", headers: { host: 'evil.example' }, status: 421, detail: /Host/ },
  { what: 'a name that begins like ours', headers: { host: 'localhost.evil.example' }, status: 421, detail: /Host/ },
  { what: 'a name that ends like an address', headers: { host: '127.0.0.1.nip.io' }, status: 421, detail: /Host/ },
  { what: 'a host with a user', headers: { host: 'a@127.0.0.1' }, status: 421, detail: /Host/ },
  { what: 'a limit of 0', url: `${TOP}?limit=0`, status: 400, detail: /limit/ },
  { what: 'a limit of a million', url: `${TOP}?limit=1000000`, status: 400, detail: /limit.*1000/ },
  { what: 'a limit that is no number', url: `${TOP}?limit=ten`, status: 400, detail: /limit/ },
  { what: 'a limit given twice', url: `${TOP}?limit=1&limit=2`, status: 400, detail: /limit/ },
  { what: 'a parameter that does not exist', url: `${TOP}?order=url`, status: 400, detail: /order/ },
  { what: 'a cursor that is none', url: `${TOP}?cursor=%00`, status: 400, detail: /cursor/ },
  { what: 'a cursor of another list', url: `${TOP}?cursor=${cursor({ after: 3 })}`, status: 400, detail: /cursor/ },
  {
    what: 'a cursor with SQL in it',
    url: `${TOP}?cursor=${cursor({ ranking: '1 OR 1', key: "'", rank: 1 })}`,
    status: 400,
    detail: /cursor/,
  },
  { what: 'a cursor of 10 kB', url: `${TOP}?cursor=${'A'.repeat(10_000)}`, status: 400, detail: /cursor/ },
  { what: 'a delta that is not there', url: '/api/deltas/eee/top', status: 404, detail: /no delta eee/ },
  { what: 'a delta with a path in it', url: '/api/deltas/..%2f..%2fetc/top', status: 404, detail: /no delta/ },
  { what: 'a document that is not there', url: `/api/deltas/${DELTA}/documents/nope`, status: 404, detail: /nope/ },
  { what: 'a huge key', url: `/api/deltas/${DELTA}/documents/${'k'.repeat(3000)}`, status: 414, detail: /./ },
  { what: 'too many bins', url: `/api/deltas/${DELTA}/histogram?bins=1e9`, status: 400, detail: /bins/ },
  { what: 'an address that is not there', url: '/api/nothing', status: 404, detail: /openapi/ },
  { what: 'a path out of the page', url: '/../../etc/passwd', status: 404, detail: /./ },
  { what: 'a malformed escape', url: '/api/deltas/%zz/top', status: 400, detail: /./ },
  { what: 'a POST', method: 'POST', url: TOP, payload: '{}', status: 405, detail: /GET/ },
  { what: 'a PUT', method: 'PUT', url: '/api/deltas', payload: '{}', status: 405, detail: /GET, POST/ },
  { what: 'a DELETE', method: 'DELETE', url: TOP, status: 405, detail: /GET/ },
  { what: 'a preflight of another origin', method: 'OPTIONS', url: TOP, status: 405, detail: /GET/ },
  { what: 'a huge body', method: 'POST', url: TOP, payload: 'x'.repeat(1 << 20), status: 405, detail: /GET/ },
];

describe('a bad request', () => {
  const dir = folders()();
  const store = filled(dir, 12);
  const faults: Error[] = [];
  const api = apiOf(dir, (error) => faults.push(error));
  let port = 0;
  before(async () => {
    await api.server.listen({ port: 0, host: '127.0.0.1' });
    port = (api.server.server.address() as { readonly port: number }).port;
  });
  after(async () => {
    await api.close();
    store.close();
  });

  for (const { what, url = TOP, method = 'GET', headers = {}, payload, status, detail } of BAD) {
    test(`${what}: ${status}, and why`, async () => {
      const asked = { url, method, headers: { host: '127.0.0.1', ...AUTHORIZED, ...headers } };
      const response = await api.server.inject(payload === undefined ? asked : { ...asked, payload });
      assert.equal(response.statusCode, status, response.body);
      assert.match(String(response.headers['content-type']), /application\/problem\+json/);
      assert.equal(response.json().status, status);
      assert.match(response.json().detail, detail);
    });
  }

  /** What is no HTTP at all, and the first line of the answer. */
  const RAW: readonly (readonly [what: string, sent: string, answer: RegExp])[] = [
    ['no HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'headers of 20 kB',
      `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 /,
    ],
    ['an empty Host', 'GET /health HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 421 /],
    ['no Host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'two lengths',
      'POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'another host in the line',
      'GET http://evil.example/api/deltas HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 421 /,
    ],
  ];
  for (const [what, sent, answer] of RAW) {
    test(`${what}: refused, and the server goes on`, async () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(sent);
      assert.match(await text(socket), answer);
      assert.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 200);
    });
  }

  test('is no fault of ours', () => assert.deepEqual(faults, []));

  test('asks no token of those who look whether it is there', async () => {
    for (const url of ['/health', '/ready', '/openapi.json']) {
      assert.equal((await api.server.inject({ url, headers: { host: 'sift.example.org' } })).statusCode, 200, url);
    }
  });
});
