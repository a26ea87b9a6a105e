import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Message } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import { alertmanager } from '../../stages/sinks/alertmanager.ts';
import { file } from '../../stages/sinks/file.ts';
import { kafka } from '../../stages/sinks/kafka.ts';
import { type SinkSpec, sinksOf } from '../../stages/sinks/sinks.ts';
import { slack } from '../../stages/sinks/slack.ts';
import { stdout } from '../../stages/sinks/stdout.ts';
import { alertOf } from '../alert/alert-of.ts';
import { folders } from '../kit/folder.ts';
import { sinkContract } from '../kit/sink.ts';
import { NOW, receiver, tools } from './receiver.ts';

const folder = folders();
const { signal } = new AbortController();

describe('the file sink', () => {
  sinkContract({
    async make() {
      const dir = folder();
      const sink = file.create({ path: 'deep/alerts.jsonl' }, tools(dir));
      const told = () => {
        try {
          return readFileSync(join(dir, 'deep/alerts.jsonl'), 'utf8').split('\n').slice(0, -1);
        } catch {
          return [];
        }
      };
      return { sink, told };
    },
  });
});

describe('the stdout sink', () => {
  sinkContract({
    async make() {
      const lines: string[] = [];
      return { sink: stdout.create({}, tools('/', { write: (text) => lines.push(text) })), told: () => lines };
    },
  });
});

describe('the slack sink', () => {
  async function open() {
    const { url, host, posted } = await receiver();
    const dir = folder();
    writeFileSync(join(dir, 'slack'), `${url}/services/T0/B0/secret\n`);
    const sink = slack.create(slack.config.parse({ urlFile: 'slack', allowHosts: [host] }), tools(dir));
    return { sink, told: () => posted.map(({ body }) => body), posted };
  }
  sinkContract({ make: open });

  test('lets nothing of a crawl become a mention, a link or a format', async () => {
    const { sink, posted } = await open();
    await sink.send(
      alertOf('a', { document: '<!channel> *bold*', text: '<https://evil|click> & `code`', title: null }),
      signal,
    );
    const { text } = JSON.parse(posted[0]!.body);
    assert.doesNotMatch(text, /<!|<https:\/\/evil/);
    assert.match(text, /&lt;!channel&gt;/);
    assert.match(text, /<https:\/\/example\.org\/a>/);
  });

  test('refuses a file that holds no address, without showing what it holds', () => {
    const dir = folder();
    writeFileSync(join(dir, 'slack'), 'xoxb-secret');
    assert.throws(
      () => slack.create(slack.config.parse({ urlFile: 'slack' }), tools(dir)),
      (error: Error) => {
        assert.ok(error instanceof ConfigError && !error.message.includes('xoxb'));
        return true;
      },
    );
  });
});

describe('the alertmanager sink', () => {
  async function open() {
    const { url, host, posted } = await receiver((response) => response.writeHead(200).end());
    const settings = { url: `${url}/prefix/`, allowHosts: [host], firingSeconds: 60, labels: { team: 'data' } };
    const sink = alertmanager.create(alertmanager.config.parse(settings), tools('/'));
    return { sink, told: () => posted.map(({ body }) => body), posted };
  }
  sinkContract({ make: open });

  test('posts what version 2 of the API takes', async () => {
    const { sink, posted } = await open();
    await sink.send(alertOf('a', { title: 'A title' }), signal);
    assert.equal(posted[0]!.path, '/prefix/api/v2/alerts');
    const [{ labels, annotations, startsAt, endsAt, generatorURL }] = JSON.parse(posted[0]!.body);
    assert.deepEqual(labels, {
      team: 'data',
      alertname: 'rule',
      delta: 'd'.repeat(64),
      document: 'a',
      kind: 'match',
      host: 'example.org',
    });
    assert.deepEqual(Object.keys(annotations), ['summary', 'text', 'title']);
    assert.equal(Date.parse(startsAt), 1_700_000_000_000);
    assert.equal(Date.parse(endsAt), NOW + 60_000);
    assert.equal(generatorURL, 'https://example.org/a');
  });
});

describe('the kafka sink', () => {
  sinkContract({
    async make() {
      const written: Message[] = [];
      const openTopic = () => ({
        async write(message: Message, abort: AbortSignal) {
          abort.throwIfAborted();
          written.push(message);
        },
        close: async () => undefined,
      });
      const sink = kafka.create({ brokers: ['b:9092'], topic: 'found' }, tools('/', { openTopic }));
      return { sink, told: () => written.map(({ value }) => String(value)) };
    },
  });
});

describe('the sinks of a config', () => {
  const refused: readonly (readonly [what: string, specs: readonly SinkSpec[], said: RegExp])[] = [
    ['an unknown kind', ['pigeon'], /no sink is called pigeon.*webhook/],
    ['two of one name', ['stdout', { kind: 'stdout' }], /two sinks are called stdout/],
    ['a setting that is not there', [{ kind: 'stdout', colour: 'red' }], /stdout.*colour/s],
    ['an address that is none', ['webhook:hello'], /webhook.*address/s],
    ['a name with a blank', [{ kind: 'stdout', name: 'my sink' }], /name/],
    ['a module that is not there', [{ kind: './nowhere.ts' }], /cannot be loaded/],
  ];
  for (const [what, specs, said] of refused) {
    test(`refuses ${what}, and says so`, async () => {
      await assert.rejects(sinksOf(specs, tools(folder())), (error: Error) => {
        assert.ok(error instanceof ConfigError, String(error));
        assert.match(error.message, said);
        return true;
      });
    });
  }

  test("takes a third party's module, with its settings", async () => {
    const dir = folder();
    writeFileSync(
      join(dir, 'pager.mjs'),
      `export default {
        name: 'pager', summary: 'a page', short: (number) => ({ number }),
        config: { safeParse: (value) => ({ success: true, data: value }) },
        create: ({ number }, { write }) => ({ send: async ({ rule }) => write(number + rule) }),
      };`,
    );
    const lines: string[] = [];
    const specs = [{ kind: './pager.mjs', name: 'duty', number: '7' }];
    const [opened] = await sinksOf(specs, tools(dir, { write: (text) => lines.push(text) }));
    await opened!.sink.send(alertOf('a'), signal);
    assert.deepEqual([opened!.name, lines], ['duty', ['7rule']]);
  });
});
