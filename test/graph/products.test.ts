import assert from 'node:assert/strict';
import { test } from 'node:test';
import { products } from '../../stages/graph/products.ts';
import { random } from '../../stages/math/random.ts';

test('columns are the products of the rows asked for with all rows', async () => {
  const [size, width] = [50, 12];
  const rows = Float32Array.from(random(1).words(0, 0, size * width), (word) => (word % 21) - 10);
  const row = (i: number) => rows.subarray(i * width, (i + 1) * width);
  const { columns, close } = await products(rows, width, 1);
  for (const asked of [[3, 0, 49, 3], [7]]) {
    const expected = asked.map((j) =>
      Float32Array.from({ length: size }, (_, i) => row(i).reduce((sum, value, c) => sum + value * row(j)[c]!, 0)),
    );
    assert.deepEqual(await columns(asked), expected);
  }
  await close();
  await assert.rejects(products(rows, 7, 1), /600 values are no rows of 7/);
});
