import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sideBySide } from '../../pipeline/side-by-side.ts';

const NEVER = new AbortController().signal;
const untilTold = (signal: AbortSignal) => delay(60_000, undefined, { signal }).catch(() => undefined);

describe('side by side', () => {
  test('where one ends, the others are told to, and are waited for', async () => {
    let told = false;
    const waiting = async (signal: AbortSignal) => {
      await untilTold(signal);
      told = true;
    };
    await sideBySide([waiting, async () => undefined], NEVER);
    assert.ok(told);
  });

  test('the first failure is thrown, whatever fails as the others end', async () => {
    const late = async (signal: AbortSignal) => {
      await untilTold(signal);
      throw new Error('told to end');
    };
    const first = async () => {
      throw new Error('the cause');
    };
    await assert.rejects(sideBySide([late, first], NEVER), /the cause/);
  });

  test('all are told when the signal aborts', async () => {
    const stop = new AbortController();
    const ended = sideBySide([untilTold, untilTold], stop.signal);
    stop.abort();
    await ended;
  });
});
