import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fit, MAX_MESSAGE_BYTES } from '../../pipeline/kafka/fit.ts';
import { countCodec } from '../../schemas/codec.ts';

const from = {
  topic: 'tokens',
  partition: 1,
  offset: 7,
  key: 'k',
  value: Buffer.from('whole'),
  headers: { origin: 'o' },
};
const message = (bytes: number) => ({ topic: 'sketches', key: 'k', value: Buffer.alloc(bytes), headers: {} });

test('what fits goes out as it is', () => {
  const list = [message(10), message(1000)];
  assert.equal(fit(list, from), list);
});

test('a message that no topic takes is a dead letter with the bytes it came of, counted; the others go out', () => {
  const [kept, dead, ...counts] = fit([message(10), message(MAX_MESSAGE_BYTES)], from);
  assert.equal(kept?.value?.length, 10);
  assert.equal(dead?.topic, 'dead');
  assert.equal(String(dead?.value), 'whole');
  assert.equal(dead?.headers['code'], 'too-large');
  assert.equal(dead?.headers['origin'], 'o');
  assert.deepEqual(
    counts.map(({ value }) => countCodec.decode(value!).outcome),
    ['in', 'rejected'],
  );
});
