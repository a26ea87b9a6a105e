import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Delivered, Stage } from '../../pipeline/contract.ts';
import { traceparentOf } from '../../pipeline/crawl/traceparent.ts';
import { chain } from '../../pipeline/legs/chain.ts';
import { leg } from '../../pipeline/legs/leg.ts';
import { openTelemetry } from '../../pipeline/tracing/open-telemetry.ts';
import { tracedHandle, tracedStage } from '../../pipeline/tracing/traced.ts';
import { deltasift } from '../cli/run.ts';
import { tinyCrawl, tinyPair } from '../cli/tiny.ts';
import { folders } from '../kit/folder.ts';
import { type ShownSpan, shownSpan } from './shown-span.ts';

const folder = folders();
const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
beforeEach(() => exporter.reset());
after(() => trace.disable());

const spans = (await openTelemetry())!;
const { signal } = new AbortController();

function stage(name: string, process: (value: string) => string = (value) => value): Stage<string, string> {
  return tracedStage({ name, process: async (batch) => batch.map((value) => [process(value)]) }, spans);
}

function handleOf(...stages: readonly [Stage<string, string>, Stage<string, string>]) {
  const handle = leg(() => chain(...stages), { decode: (value) => Buffer.from(value).toString(), encode: () => [] });
  return tracedHandle(handle, spans);
}

let offset = 0;
const message = (traceparent?: string): Delivered => ({
  ...{ topic: 'tokens', partition: 0, offset: offset++, key: 'k', value: Buffer.from('text') },
  headers: traceparent === undefined ? {} : { traceparent },
});
const traceOf = (traceparent: string) => traceparent.split('-')[1]!;
const shown = (): readonly ShownSpan[] => exporter.getFinishedSpans().map(shownSpan);

describe('spans', () => {
  test('of a batch of one trace belong to it: the leg, and in it each stage', async () => {
    const parent = traceparentOf('crawl#1');
    await handleOf(stage('first'), stage('second'))([message(parent), message(parent)], signal);
    const [first, second, whole] = shown();
    assert.deepEqual(
      [whole!.name, first!.name, second!.name, whole!.trace, whole!.parent, whole!.links],
      ['process tokens', 'first', 'second', traceOf(parent), parent.split('-')[2], []],
    );
    assert.deepEqual([first!.parent, second!.parent, second!.trace], [whole!.id, whole!.id, whole!.trace]);
    assert.equal(whole!.attributes['messaging.batch.message_count'], 2);
    assert.equal(first!.attributes['deltasift.values'], 2);
  });

  test('of a batch of several traces are linked to each of them, once, and to no nonsense', async () => {
    const [a, b] = [traceparentOf('crawl#1'), traceparentOf('crawl#2')];
    const zeros = `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`;
    const batch = [a, b, a, undefined, 'nonsense', zeros].map(message);
    await handleOf(stage('first'), stage('second'))(batch, signal);
    const whole = shown().at(-1)!;
    assert.deepEqual([whole.parent, whole.links], [undefined, [traceOf(a), traceOf(b)]]);
  });

  test('of batches that run side by side keep to their own', async () => {
    const handle = handleOf(stage('first'), stage('second'));
    await Promise.all(['x#1', 'x#2', 'x#3'].map((place) => handle([message(traceparentOf(place))], signal)));
    const all = shown();
    for (const { name, parent, trace: of } of all) {
      if (name === 'process tokens') continue;
      assert.equal(all.find(({ id }) => id === parent)?.trace, of);
    }
    assert.equal(new Set(all.map((one) => one.trace)).size, 3);
  });

  test('say that a batch failed, and it fails as it did', async () => {
    const broken = stage('second', () => {
      throw new Error('broken');
    });
    await assert.rejects(handleOf(stage('first'), broken)([message()], signal), /broken/);
    assert.deepEqual(
      shown().map(({ name, failed }) => [name, failed]),
      [
        ['first', false],
        ['second', true],
        ['process tokens', true],
      ],
    );
  });

  test('are none where the package is not installed; one that is broken is told', async () => {
    const fails = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
    assert.equal(await openTelemetry(fails('ERR_MODULE_NOT_FOUND')), undefined);
    await assert.rejects(openTelemetry(fails('ERR_INVALID_PACKAGE_CONFIG')));
    const handle = async () => [];
    assert.equal(tracedHandle(handle, undefined), handle);
  });

  test('come of a scan under an SDK, from the record of the crawl to every stage', async () => {
    const [dir, to] = [folder(), folder()];
    const words = ['scan', '--base', tinyPair.base, '--tuned', tinyPair.tuned, '--threads', '1'];
    const source = `jsonl:${tinyCrawl(dir, 70)}`;
    const env = { NODE_OPTIONS: `--import=${fileURLToPath(new URL('record-spans.ts', import.meta.url))}`, SPANS: to };
    const ran = await deltasift([...words, '--source', source, '--store', join(dir, 'store')], env);
    assert.equal(ran.code, 0, ran.err);
    const all = readdirSync(to).flatMap((file) => JSON.parse(readFileSync(join(to, file), 'utf8')) as ShownSpan[]);
    const batches = all.filter(({ name }) => name === 'process documents');
    assert.equal(batches.flatMap(({ links }) => links).length, 70, 'each document has a trace of its own');
    for (const name of ['tokenize', 'gradient', 'score', 'select']) {
      const parents = all.flatMap((span) => (span.name === name ? [span.parent] : []));
      assert.deepEqual(new Set(parents), new Set(batches.map(({ id }) => id)), name);
    }
  });

  test('the example writes what it is given to standard output', async () => {
    const dir = folder();
    const words = ['scan', '--base', tinyPair.base, '--tuned', tinyPair.tuned, '--threads', '1'];
    const example = fileURLToPath(new URL('../../examples/open-telemetry/tracing.mjs', import.meta.url));
    const run = [...words, '--source', `jsonl:${tinyCrawl(dir, 3)}`, '--store', join(dir, 'store')];
    const { code, out, err } = await deltasift(run, { NODE_OPTIONS: `--import=${example}` });
    assert.equal(code, 0, err);
    assert.match(out, /name: 'process documents'/);
  });
});
