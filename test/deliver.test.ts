import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AlertSink, Drop, Reject, Undeliverable } from '../pipeline/contract.ts';
import { deliver } from '../stages/deliver.ts';
import { alertOf } from './alert/alert-of.ts';
import { stageContract } from './kit/stage.ts';

const { signal } = new AbortController();

function stageOf(send: AlertSink['send'], said: string[] = []) {
  return deliver({
    name: 'test',
    sink: { send },
    wants: (rule) => rule !== 'other',
    random: () => 0.5,
    tell: (sentence) => said.push(sentence),
    firstMs: 1,
    mostMs: 4,
  });
}

describe('deliver', () => {
  stageContract(
    () =>
      stageOf(async ({ key }) => {
        if (key === 'bad') throw new Undeliverable('too long');
      }),
    [alertOf('a'), alertOf('bad'), alertOf('b', { held: 'limit' }), alertOf('c', { rule: 'other' }), alertOf('d')],
  );

  test('sends again until it is taken, in order; says so at the first, second, fourth, ... try', async () => {
    const sent: string[] = [];
    const said: string[] = [];
    let down = 9;
    const stage = stageOf(async ({ key }) => {
      sent.push(key);
      if (down-- > 0) throw new Error('down');
    }, said);
    const outcomes = await stage.process([alertOf('a'), alertOf('b')], signal);
    assert.deepEqual(sent, [...Array(10).fill('a'), 'b']);
    assert.ok(outcomes.every(Array.isArray));
    assert.equal(said.length, 5, said.join('\n'));
  });

  test('keeps what is refused, with the reason, and goes on with the next', async () => {
    const stage = stageOf(async ({ key }) => {
      if (key === 'a') throw new Undeliverable('answered 413');
    });
    const [first, second] = await stage.process([alertOf('a'), alertOf('b')], signal);
    assert.ok(first instanceof Reject && first.code === 'undeliverable' && first.reason === 'answered 413');
    assert.ok(Array.isArray(second));
  });

  test('leaves out what is held, and what is for others', async () => {
    const stage = stageOf(async () => assert.fail());
    const outcomes = await stage.process([alertOf('a', { held: 'host' }), alertOf('b', { rule: 'other' })], signal);
    assert.deepEqual(outcomes, [new Drop('held'), new Drop('other-sink')]);
  });

  test('waits as long as it is asked to', async () => {
    let at = 0;
    const stage = stageOf(async () => {
      if (at > 0) return;
      at = performance.now();
      throw Object.assign(new Error('busy'), { afterMs: 60 });
    });
    await stage.process([alertOf('a')], signal);
    assert.ok(performance.now() - at >= 59);
  });

  test('ends when aborted, though the sink never answers', async () => {
    const abort = new AbortController();
    const stage = stageOf(
      (_, stop) => new Promise((_, reject) => stop.addEventListener('abort', () => reject(stop.reason))),
    );
    const sending = stage.process([alertOf('a')], abort.signal);
    abort.abort();
    await assert.rejects(async () => sending, { name: 'AbortError' });
  });
});
