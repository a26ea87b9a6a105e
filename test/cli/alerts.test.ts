import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { folders } from '../kit/folder.ts';
import { deltasift } from './run.ts';
import { tinyCrawl, tinyPair } from './tiny.ts';

const folder = folders();

describe('alerts', () => {
  test('are found while a scan runs, listed, simulated; a sink that was down is told afterwards by notify', async () => {
    const dir = folder();
    const file = (name: string) => join(dir, name);
    const config = (sink: object) => {
      const rules = [
        { name: 'high', above: 0.01 },
        { name: 'few', above: 0.0, limit: { alerts: 1, seconds: 3600 }, sinks: ['up'] },
        { name: 'rare', rate: '1 in 1,000,000' },
      ];
      const sinks = [{ kind: 'file', name: 'up', path: file('up.jsonl') }, sink];
      const source = { kind: 'jsonl', path: tinyCrawl(dir, 60) };
      writeFileSync(file('c.yaml'), JSON.stringify({ ...tinyPair, source, store: file('s'), alerts: rules, sinks }));
    };
    const lines = (name: string) =>
      readFileSync(file(name), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));

    config({ kind: 'file', name: 'down', path: join(file('c.yaml'), 'not-a-folder') });
    const scanned = await deltasift(['scan', '--config', file('c.yaml')]);
    assert.equal(scanned.code, 0, scanned.err);
    assert.match(scanned.err, /sink down: .*tried once/);
    assert.match(scanned.err, /alerts are not told yet/);
    const sent = lines('up.jsonl');
    assert.ok(sent.filter(({ rule }) => rule === 'high').length > 0, 'nothing passed');
    assert.equal(sent.filter(({ rule, kind }) => rule === 'few' && kind === 'match').length, 1);
    assert.equal(sent.filter(({ rule, kind }) => rule === 'few' && kind === 'digest').length, 1);

    const status = JSON.parse((await deltasift(['status', '--store', file('s'), '--json'])).out);
    assert.deepEqual([status.read, status.scored, status.rules.length], [60, 60, 3]);
    const words = (await deltasift(['status', '--store', file('s')])).out;
    assert.match(words, /^60 records read, 60 scored(.|\n)*rule rare of \w+: arms after 100000 documents, 60 seen/);
    assert.match(words, /alerts: \d+ wait for notify\.down/);

    const listed = await deltasift(['alerts', 'list', '--store', file('s'), '--rule', 'high', '-k', '1000', '--json']);
    const high = JSON.parse(listed.out);
    assert.equal(
      high.filter(({ held }: { held: string }) => held === '').length,
      sent.filter(({ rule }) => rule === 'high').length,
    );
    const simulated = await deltasift(['alerts', 'simulate', '--config', file('c.yaml'), '--json']);
    const again = JSON.parse(simulated.out).filter(({ rule }: { rule: string }) => rule === 'high');
    assert.deepEqual(
      again.map(({ key }: { key: string }) => key).sort(),
      high.map(({ key }: { key: string }) => key).sort(),
    );

    config({ kind: 'file', name: 'down', path: file('down.jsonl') });
    const told = await deltasift(['notify', '--config', file('c.yaml'), '--json']);
    assert.deepEqual([told.code, told.out], [0, '{"left":0}\n'], told.err);
    assert.deepEqual(
      lines('down.jsonl').map(({ id }) => id),
      sent.filter(({ rule }) => rule === 'high').map(({ id }) => id),
    );
  });

  test('test sends a sample, and says which sink did not take it', async () => {
    const dir = folder();
    const config = (sinks: readonly unknown[]) =>
      writeFileSync(join(dir, 'c.yaml'), JSON.stringify({ alerts: [{ name: 'high', above: 1 }], sinks }));
    config(['stdout', { kind: 'webhook', url: 'http://127.0.0.1:21498/' }]);
    const { code, out, err } = await deltasift(['alerts', 'test', 'high', '--config', join(dir, 'c.yaml')]);
    assert.equal(code, 78);
    assert.match(out, /"kind":"sample"(.|\n)*stdout: took it\nwebhook: .*no public address.*allowHosts/);
    assert.match(err, /not told: webhook/);
    const missing = await deltasift(['alerts', 'test', 'low', '--config', join(dir, 'c.yaml')]);
    assert.match(missing.err, /no rule is called low.*high/);
  });

  const mistakes: readonly (readonly [what: string, config: object, said: RegExp])[] = [
    ['a rule with no level', { alerts: [{ name: 'a' }] }, /one of above, rate and perDay/],
    ['a rule with two', { alerts: [{ name: 'a', above: 1, rate: 0.1 }] }, /one of above, rate and perDay/],
    ['a rate that is none', { alerts: [{ name: 'a', rate: 'often' }] }, /rate/],
    ['a rate above 1', { alerts: [{ name: 'a', rate: 2 }] }, /rate/],
    [
      'two rules of one name',
      {
        alerts: [
          { name: 'a', above: 1 },
          { name: 'a', above: 2 },
        ],
      },
      /name of its own/,
    ],
    [
      'a sink that is not there',
      { alerts: [{ name: 'a', above: 1, sinks: ['x'] }], sinks: ['stdout'] },
      /sink x.*stdout/,
    ],
    ['a setting that is not there', { alerts: [{ name: 'a', above: 1, colour: 'red' }] }, /colour/],
  ];
  for (const [what, config, said] of mistakes) {
    test(`refuses ${what}, before anything is scanned`, async () => {
      const dir = folder();
      writeFileSync(join(dir, 'c.yaml'), JSON.stringify({ sinks: ['stdout'], ...config }));
      const { code, err } = await deltasift(['alerts', 'test', 'a', '--config', join(dir, 'c.yaml')]);
      assert.equal(code, 78);
      assert.match(err, said);
    });
  }
});
