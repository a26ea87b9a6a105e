import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Drop } from '../pipeline/contract.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import type { Document } from '../schemas/types.ts';
import { deduplicate } from '../stages/deduplicate.ts';
import { stageContract } from './kit/stage.ts';

const { signal } = new AbortController();

const document = (key: string): Document => ({ key, id: 'i', url: null, text: key, ...NO_PROVENANCE });

describe('deduplicate', () => {
  stageContract(() => deduplicate((key) => key === 'old'), ['a', 'b', 'a', 'old', 'a'].map(document));

  test('drops what the store has, and what was let through before the store had it', async () => {
    const outcomes = await deduplicate((key) => key === 'old').process(['a', 'old', 'a', 'b'].map(document), signal);
    assert.deepEqual(outcomes, [[document('a')], new Drop('duplicate'), new Drop('duplicate'), [document('b')]]);
  });

  test('forgets what the store has come to know, and nothing else', async () => {
    const asked = new Map<string, number>();
    const committed = new Set<string>();
    const stage = deduplicate((key) => {
      asked.set(key, (asked.get(key) ?? 0) + 1);
      return committed.has(key);
    });
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      const [outcome] = await stage.process([document(`k${i}`)], signal);
      assert.ok(Array.isArray(outcome));
      if (i >= 100) committed.add(`k${i - 100}`);
    }
    for (let i = 0; i < count; i += 97) {
      assert.deepEqual(await stage.process([document(`k${i}`)], signal), [new Drop('duplicate')]);
    }
    const total = [...asked.values()].reduce((sum, n) => sum + n, 0);
    assert.ok(total < 3 * count, `asked the store ${total} times for ${count} documents`);
  });
});
