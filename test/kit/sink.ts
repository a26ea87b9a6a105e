/** What every sink must do, whoever it tells. Call it from the sink's own test file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlertSink } from '../../pipeline/contract.ts';
import { alertOf } from '../alert/alert-of.ts';

export interface SinkSamples {
  /** The sink, and what it has told so far: the text of each alert as it arrived. */
  readonly make: () => Promise<{ readonly sink: AlertSink; readonly told: () => readonly string[] }>;
}

export function sinkContract({ make }: SinkSamples): void {
  const { signal } = new AbortController();

  test('tells of an alert, a digest and a sample: rule, document and value are in it', async () => {
    const { sink, told } = await make();
    const digest = alertOf('b', {
      kind: 'digest',
      count: 3,
      digest: '{"id":"x","document":"one","url":null,"value":1}\n',
    });
    for (const alert of [alertOf('a'), digest, alertOf('c', { kind: 'sample' })]) await sink.send(alert, signal);
    await sink.close?.();
    assert.equal(told().length, 3);
    for (const text of told()) assert.match(text, /rule(.|\n)*id of/);
    assert.match(told()[0]!, /0\.75/);
    assert.match(told()[1]!, /3/);
  });

  test('takes an alert twice: who is told can tell that it is the same', async () => {
    const { sink, told } = await make();
    await sink.send(alertOf('a'), signal);
    await sink.send(alertOf('a'), signal);
    await sink.close?.();
    assert.equal(told().length, 2);
  });

  test('takes whatever a crawl may hold', async () => {
    const { sink, told } = await make();
    const nasty = '<script>*_~`@channel <!here> \u202e\u0000 "\'\n--- 世界 {{x}}';
    await sink.send(
      alertOf('a', { document: nasty, title: nasty, text: nasty, url: `https://x/${nasty}`, host: null }),
      signal,
    );
    await sink.close?.();
    assert.equal(told().length, 1);
  });

  test('sends nothing once aborted', async () => {
    const { sink, told } = await make();
    await assert.rejects(async () => sink.send(alertOf('a'), AbortSignal.abort()), { name: 'AbortError' });
    await sink.close?.();
    assert.equal(told().length, 0);
  });
}
