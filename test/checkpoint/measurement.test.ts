import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { type MeasurementFields, measurement, tensorsHash } from '../../stages/checkpoint/measurement.ts';
import { GPT2, safetensors, scratchFolder, type Written, writeFiles } from './files.ts';

const scratch = scratchFolder('measurement');
const signal = AbortSignal.timeout(60_000);
const fields: MeasurementFields = {
  base: 'b',
  tokenizer: 't',
  window: 128,
  stride: 127,
  maxWindows: 1,
  bos: '0',
  positions: 'all',
  at: 'base',
  layers: 'head',
  precision: 'float32',
  projection: 'none',
};

describe('the measurement', () => {
  test('has the id it always had', () => {
    assert.equal(measurement(fields).id, '8e5f126c9896e4ebcb84fb89ef52f3558f6079ff735cb3a81ecfec823855eb26');
    assert.deepEqual({ ...measurement(fields).fields }, fields);
  });

  test('has an id that does not depend on the order of its fields', () => {
    const reversed = Object.fromEntries(Object.entries(fields).reverse()) as unknown as MeasurementFields;
    assert.deepEqual(measurement(reversed), measurement(fields));
  });

  test('has another id for another value of any field', () => {
    const ids = Object.entries(fields).map(
      ([name, value]) => measurement({ ...fields, [name]: typeof value === 'number' ? value + 1 : `${value}'` }).id,
    );
    assert.equal(new Set([...ids, measurement(fields).id]).size, ids.length + 1);
  });
});

describe('the hash of tensors', () => {
  const a: Written = { shape: [2], data: [1, 2] };
  const b: Written = { shape: [2, 1], data: [1, 2] };
  const head: Written = { shape: [1, 2], data: [5, 6] };
  let made = 0;
  const open = (tensors: Readonly<Record<string, Written>>) =>
    openCheckpoint(
      writeFiles(join(scratch, `${made++}`), { 'config.json': GPT2, 'model.safetensors': safetensors(tensors) }),
      { cache: scratch },
      signal,
    );

  test('is that of names, types, shapes and bytes, in any order', async () => {
    const one = await open({ 'wte.weight': head, a, b });
    const other = await open({ b, 'wte.weight': head, unasked: a, a });
    const hash = await tensorsHash(one, ['a', 'b'], signal);
    assert.equal(await tensorsHash(other, ['b', 'a', 'b'], signal), hash);
    const changed = [
      tensorsHash(one, ['a'], signal),
      tensorsHash(one, ['b'], signal),
      tensorsHash(await open({ 'wte.weight': head, a, b: a }), ['a', 'b'], signal),
      tensorsHash(await open({ 'wte.weight': head, a, b: { ...b, data: [1, 3] } }), ['a', 'b'], signal),
    ];
    assert.equal(new Set([hash, ...(await Promise.all(changed))]).size, 5);
  });
});
