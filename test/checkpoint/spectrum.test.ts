import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Checkpoint, openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { type Delta, deltaRows, openDelta } from '../../stages/checkpoint/delta.ts';
import { preferredTokens, type Spectrum, spectrumOf } from '../../stages/checkpoint/spectrum.ts';
import { GPT2, safetensors, scratchFolder, TINY, writeFiles } from './files.ts';

const scratch = scratchFolder('spectrum');
const signal = AbortSignal.timeout(60_000);
const open = (folder: string): Promise<Checkpoint> => openCheckpoint(folder, { cache: scratch }, signal);

describe('the spectrum of a real delta', () => {
  let delta: Delta;
  let spectrum: Spectrum;
  before(async () => {
    delta = await openDelta(await open(`${TINY}base`), await open(`${TINY}tuned`), signal);
    spectrum = await spectrumOf(delta, 32, 0, signal);
  });

  test('has the singular values of the reference', () => {
    const shares = [0.835, 0.314, 0.163, 0.151, 0.141];
    for (const [i, share] of shares.entries()) {
      assert.ok(
        Math.abs(spectrum.values[i]! / delta.norm - share) < 1e-3,
        `value ${i}: ${spectrum.values[i]! / delta.norm}`,
      );
    }
  });

  test('says how much of the delta a rank holds', async () => {
    const rows = await deltaRows(delta, [0, 2048], signal);
    for (const rank of [1, 8, 32]) {
      const { a, b, rank: found } = spectrum.factors(rank);
      assert.equal(found, rank);
      let error = 0;
      for (let v = 0; v < 2048; v++) {
        for (let i = 0; i < 64; i++) {
          let value = rows[v * 64 + i]!;
          for (let r = 0; r < rank; r++) value -= a[v * rank + r]! * b[i * rank + r]!;
          error += value ** 2;
        }
      }
      assert.ok(Math.abs(1 - error / delta.norm ** 2 - spectrum.energy(rank)) < 1e-6, `rank ${rank}`);
    }
    assert.ok(spectrum.energy(1) < spectrum.energy(8) && spectrum.energy(8) < spectrum.energy(32));
    assert.ok(spectrum.energy(32) < 1);
  });

  test('orders tokens by the change of their logits, not by the lengths of their rows', async () => {
    const hidden = Float32Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i));
    const { up, down } = await preferredTokens(delta, hidden, 5, signal);
    const rows = await deltaRows(delta, [0, 2048], signal);
    const changeOf = (id: number) => {
      let sum = 0;
      for (let n = 0; n < 3; n++) for (let i = 0; i < 64; i++) sum -= rows[id * 64 + i]! * hidden[n * 64 + i]!;
      return sum / 3;
    };
    const all = Array.from({ length: 2048 }, (_, id) => id).sort((x, y) => changeOf(y) - changeOf(x));
    assert.deepEqual(
      up.map(({ id }) => id),
      all.slice(0, 5),
    );
    assert.deepEqual(
      down.map(({ id }) => id),
      all.slice(-5).reverse(),
    );
    for (const { id, change } of [...up, ...down]) assert.ok(Math.abs(change - changeOf(id)) < 1e-5);
  });
});

test('rows that the tuned side lacks are 0 in the factors, and no token of theirs is preferred', async () => {
  const side = (name: string, values: readonly number[]) =>
    open(
      writeFiles(join(scratch, name), {
        'config.json': GPT2,
        'model.safetensors': safetensors({ 'wte.weight': { shape: [values.length / 2, 2], data: values } }),
      }),
    );
  const delta = await openDelta(await side('base', [1, 2, 3, 4, 5, 6]), await side('tuned', [2, 2, 3, 3]), signal);
  const spectrum = await spectrumOf(delta, 32, 0, signal);
  const { rank, a, b } = spectrum.factors(32);
  assert.equal(rank, 2);
  assert.deepEqual([...a.slice(4)], [0, 0]);
  const product = (v: number, i: number) =>
    Math.round(1e6 * (a[v * 2]! * b[i * 2]! + a[v * 2 + 1]! * b[i * 2 + 1]!)) / 1e6 + 0;
  assert.deepEqual(
    [0, 1, 2].map((v) => [product(v, 0), product(v, 1)]),
    [
      [-1, 0],
      [0, 1],
      [0, 0],
    ],
  );
  assert.ok(Math.abs(spectrum.energy(2) - 1) < 1e-12);
  const { up, down } = await preferredTokens(delta, Float32Array.of(1, 2), 9, signal);
  assert.deepEqual(up, [
    { id: 0, change: 1 },
    { id: 1, change: -2 },
  ]);
  assert.deepEqual(down, up.toReversed());
});
