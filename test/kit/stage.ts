/** What every stage must do, whatever it computes. Call it from the stage's own test file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drop, type Outcome, Reject, type Stage } from '../../pipeline/contract.ts';

export interface StageContract<Out> {
  /** Where two runs may differ in the last digits, say by how much and why. */
  readonly equal?: (actual: Outcome<Out>, expected: Outcome<Out>, message: string) => void;
}

/** @param samples at least three inputs, among them one that the stage rejects or drops, if it ever does */
export function stageContract<In, Out>(
  make: () => Stage<In, Out> | Promise<Stage<In, Out>>,
  samples: readonly In[],
  { equal = assert.deepEqual }: StageContract<Out> = {},
): void {
  const { signal } = new AbortController();

  /** Outcomes of a fresh stage given the samples in batches of these sizes, over and over. */
  async function cut(...sizes: readonly number[]): Promise<readonly Outcome<Out>[]> {
    const stage = await make();
    const outcomes: Outcome<Out>[] = [];
    for (let turn = 0, from = 0; from < samples.length; turn++) {
      const batch = samples.slice(from, from + sizes[turn % sizes.length]!);
      const answers = await stage.process(batch, signal);
      assert.equal(answers.length, batch.length, 'one outcome per input');
      outcomes.push(...answers);
      from += batch.length;
    }
    await stage.close?.();
    return outcomes;
  }

  test('answers once per input, in order, however the stream is cut into batches', async () => {
    const together = await cut(samples.length);
    for (const sizes of [[1], [2], [1, samples.length], [2, 1]]) {
      for (const [i, outcome] of (await cut(...sizes)).entries()) {
        equal(outcome, together[i]!, `sample ${i} depends on its batch (cut by ${sizes})`);
      }
    }
  });

  test('gives values, a Reject with a reason, or a Drop with a reason', async () => {
    for (const outcome of await cut(samples.length)) {
      if (outcome instanceof Reject || outcome instanceof Drop) assert.notEqual(outcome.reason, '');
      else assert.ok(Array.isArray(outcome));
    }
  });

  test('resolves overlapping calls in the order they were made', async () => {
    const stage = await make();
    const finished: number[] = [];
    const answers = await Promise.all(
      samples.map(async (sample, i) => {
        const [outcome] = await stage.process([sample], signal);
        finished.push(i);
        return outcome!;
      }),
    );
    await stage.close?.();
    assert.deepEqual(finished, [...samples.keys()]);
    const alone = await cut(1);
    for (const [i, outcome] of answers.entries())
      equal(outcome, alone[i]!, `sample ${i} depends on the call before it`);
  });

  test('accepts an empty batch', async () => {
    const stage = await make();
    assert.deepEqual(await stage.process([], signal), []);
    await stage.close?.();
  });

  test('leaves its input alone', async () => {
    const before = structuredClone(samples);
    await cut(samples.length);
    assert.deepEqual(samples, before);
  });

  test('closes twice without complaint', async () => {
    const stage = await make();
    await stage.close?.();
    await stage.close?.();
  });
}
