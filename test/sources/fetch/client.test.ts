import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { client } from '../../../stages/sources/fetch/client.ts';
import { FetchError } from '../../../stages/sources/fetch/error.ts';
import { httpSettings } from '../../../stages/sources/fetch/settings.ts';
import { fakeClock } from './fake-clock.ts';
import { firstThen, type Handler, oddServer } from './odd-server.ts';

const signal = new AbortController().signal;
const server = await oddServer();
const other = await oddServer();
const open: { close(): Promise<void> }[] = [];
after(() => Promise.all(open.map((one) => one.close())));

function make(settings: object = {}, clock = fakeClock()) {
  const parsed = httpSettings.parse({
    contact: 'me@example.org',
    allowHosts: [server.host],
    perSecond: 1000,
    ...settings,
  });
  const web = client(parsed, { clock });
  open.push(web);
  const get = (path: string) => web.get(new URL(path, server.origin), {}, signal);
  return { web, clock, get };
}

async function kind(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  assert.ok(error instanceof FetchError, `${error}`);
  return `${error.kind} ${error.message.replace(/^\S+: /, '')}`;
}

const ok: Handler = (_, response) => response.end('fine');
const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Handler =>
  (_, response) =>
    response.writeHead(code, headers).end();

describe('client', () => {
  test('says who is reading', async () => {
    server.on('/hello', ok);
    const answer = await make().get('/hello');
    assert.equal(Buffer.concat(await Array.fromAsync(answer.body)).toString(), 'fine');
    assert.equal(server.asked.at(-1)?.headers['user-agent'], 'deltasift (+me@example.org)');
    assert.equal(httpSettings.safeParse({}).success, false);
    assert.equal(httpSettings.safeParse({ contact: 'nobody' }).success, false);
  });

  test('waits as long as it is asked to, as seconds or as a date, and asks half as often after that', async () => {
    const { clock, get } = make();
    server.on('/busy', firstThen(1, status(503, { 'retry-after': '7' }), ok));
    await (await get('/busy')).discard();
    assert.ok(clock.sleeps.reduce((sum, ms) => sum + ms) >= 7000);

    const date = new Date(clock.now() + 20_000).toUTCString();
    const before = clock.now();
    server.on('/busy', firstThen(1, status(429, { 'retry-after': date }), ok));
    await (await get('/busy')).discard();
    assert.ok(clock.now() - before >= 20_000 - 1000);
  });

  test('does not wait for longer than it is allowed to', async () => {
    server.on('/away', status(503, { 'retry-after': '86400' }));
    assert.match(await kind(make().get('/away')), /^busy .*86400 s; at most 600 s/);
  });

  test('backs off ever longer from a server that fails, and gives up after five tries', async () => {
    const { clock, get } = make();
    const before = server.asked.length;
    server.on('/broken', status(500));
    assert.match(await kind(get('/broken')), /^busy the server answers 500, again and again/);
    assert.equal(server.asked.length - before, 5);
    const waits = clock.sleeps.filter((ms) => ms > 100);
    assert.deepEqual(
      waits.map((ms) => ms / 375),
      [1, 2, 4, 8],
    );
  });

  test('asks a host no more often than it is allowed to, bursts aside, and each of several crawlers its part', async () => {
    server.on('/many', ok);
    for (const [settings, seconds] of [
      [{ perSecond: 2 }, 4.5],
      [{ perSecond: 2, burst: 4 }, 3],
      [{ perSecond: 2, crawlers: 4 }, 18],
    ] as const) {
      const clock = fakeClock();
      const { get } = make(settings, clock);
      const start = clock.now();
      for (let i = 0; i < 10; i++) await (await get('/many')).discard();
      assert.equal((clock.now() - start) / 1000, seconds);
    }
  });

  test('follows redirects, each of them checked, and not for ever', async () => {
    const { get } = make({ perSecond: 1000 });
    server.on('/here', ok);
    server.on('/moved', status(302, { location: '/here' }));
    assert.equal((await get('/moved')).url.pathname, '/here');

    server.on('/round', status(301, { location: '/round' }));
    assert.equal(await kind(get('/round')), 'refused redirects more than 5 times');
    const cases = {
      [`${other.origin}/secret`]: /^refused 127\.0\.0\.1 is no public address/,
      'http://[::ffff:127.0.0.1]:9/': /^refused ::ffff:7f00:1 is no public address/,
      'http://169.254.169.254/latest/meta-data/': /^refused 169\.254\.169\.254 is no public address/,
      'http://0x7f.1:9/': /^refused 127\.0\.0\.1 is no public address/,
      'file:///etc/passwd': /^refused redirects from http: to file:/,
      'http://user:secret@example.org/': /^refused redirects to an address with a password/,
      'http://': /^refused redirects to what is no address/,
    };
    for (const [location, fault] of Object.entries(cases)) {
      server.on('/away', status(302, { location }));
      assert.match(await kind(get('/away')), fault);
    }
    assert.equal(other.asked.length, 0);
  });

  test('refuses a name with a private address, unless the name is allowed', async () => {
    const lookups: string[] = [];
    const web = (allowHosts: readonly string[]) => {
      const made = client(httpSettings.parse({ contact: 'me@example.org', allowHosts, timeout: 1 }), {
        clock: fakeClock(),
        lookup(host, _, done) {
          lookups.push(host);
          done(null, [
            { address: '93.184.216.34', family: 4 },
            { address: '10.0.0.7', family: 4 },
          ]);
        },
      });
      open.push(made);
      return made;
    };
    const url = new URL('http://rebound.example/');
    assert.match(await kind(web([]).get(url, {}, signal)), /^refused rebound\.example is at 10\.0\.0\.7, which/);
    assert.deepEqual(lookups, ['rebound.example']);
    server.on('/', ok);
    const local = new URL(`http://localhost:${server.host.split(':')[1]}/`);
    assert.match(
      await kind(client(httpSettings.parse({ contact: 'a@b.example' })).get(local, {}, signal)),
      /^refused localhost is at/,
    );
    assert.equal((await web(['localhost']).get(local, {}, signal)).status, 200);
  });

  test('ends with an abort, wherever it waits', async () => {
    server.on('/silent', () => {});
    const { web } = make();
    const abort = new AbortController();
    const asked = web.get(new URL('/silent', server.origin), {}, abort.signal);
    setTimeout(() => abort.abort(), 20);
    await assert.rejects(asked, { name: 'AbortError' });
  });

  test('gives up a server that says nothing', async () => {
    server.on('/silent', () => {});
    const { get } = make({ timeout: 0.1 });
    assert.match(await kind(get('/silent')), /^busy Headers Timeout/);
  });
});
