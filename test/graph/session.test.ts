import assert from 'node:assert/strict';
import { test } from 'node:test';
import { graph } from '../../stages/graph/onnx.ts';
import { openSession } from '../../stages/graph/session.ts';

const SIZE = 512;

/** A product of a matrix with itself, over and over: long enough to be closed within. */
function powers(times: number): Uint8Array {
  const made = graph('powers');
  let value = made.input('x', 'float32', [SIZE, SIZE]);
  for (let i = 0; i < times; i++) value = made.node('MatMul', [value, value]);
  made.output(value, 'y', 'float32', [SIZE, SIZE]);
  return made.finish();
}

test('a session closed within a run ends that run, rejects those behind it, and can be closed again', async () => {
  const session = await openSession({ model: powers(20), providers: ['cpu'], threads: 1 });
  const feeds = { x: { data: new Float32Array(SIZE * SIZE), dims: [SIZE, SIZE] } };
  const runs = Promise.allSettled([session.run(feeds), session.run(feeds), session.run(feeds)]);
  await Promise.all([session.close(), session.close()]);
  const states = (await runs).map(({ status }) => status);
  assert.equal(states.at(-1), 'rejected');
  await assert.rejects(session.run(feeds), /ended/);
});
