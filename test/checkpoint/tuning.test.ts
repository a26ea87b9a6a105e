import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openAdapter } from '../../stages/checkpoint/adapter.ts';
import { type Checkpoint, openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { openDelta } from '../../stages/checkpoint/delta.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { type LayersChoice, openTuning } from '../../stages/checkpoint/tuning.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import { safetensors, scratchFolder, TINY, writeFiles } from './files.ts';

const scratch = scratchFolder('tuning');
const signal = AbortSignal.timeout(60_000);
const open = (folder: string): Promise<Checkpoint> => openCheckpoint(folder, { cache: scratch }, signal);
const base = await open(`${TINY}base`);
const tuned = await open(`${TINY}tuned`);
const { lastMlp } = bodyOf(base);
const tuningOf = (side: Parameters<typeof openTuning>[1], layers: LayersChoice) =>
  openTuning(base, side, { layers, lastMlp }, signal);

async function distance(names: readonly string[]): Promise<number> {
  let sum = 0;
  for (const name of names) {
    const [one, other] = [await base.read(name), await tuned.read(name)];
    one.forEach((value, i) => {
      sum += (value - other[i]!) ** 2;
    });
  }
  return Math.sqrt(sum);
}

const [UP, DOWN] = [lastMlp!.matrices.up, lastMlp!.matrices.down];
const MODULE = `base_model.model.${UP.replace('.weight', '')}`;

function adapterFolder(name: string, module: string, out: number, into: number): string {
  const values = (n: number, scale: number) => Array.from({ length: n }, (_, i) => scale * Math.sin(1 + i * i));
  return writeFiles(join(scratch, name), {
    'adapter_config.json': { peft_type: 'LORA', r: 2, lora_alpha: 4, fan_in_fan_out: true },
    'adapter_model.safetensors': safetensors({
      [`${module}.lora_A.weight`]: { shape: [2, into], data: values(2 * into, 0.1) },
      [`${module}.lora_B.weight`]: { shape: [out, 2], data: values(2 * out, 0.2) },
    }),
  });
}

describe('a tuning', () => {
  test("of the head alone is the head's delta, id and all", async () => {
    const delta = await openDelta(base, tuned, signal);
    const { id, norm, baseNorm, mlp } = await tuningOf(tuned, 'head');
    assert.deepEqual([id, norm, baseNorm, mlp], [delta.id, delta.norm, delta.baseNorm, undefined]);
  });

  test('is as long as the layers that count are far apart, and each choice has an id of its own', async () => {
    const head = await tuningOf(tuned, 'head');
    const mlp = await tuningOf(tuned, 'last-mlp');
    const both = await tuningOf(tuned, 'head+last-mlp');
    assert.ok(Math.abs(mlp.norm / (await distance([UP, DOWN])) - 1) < 1e-12);
    assert.ok(Math.abs(both.norm ** 2 / (head.norm ** 2 + mlp.norm ** 2) - 1) < 1e-12);
    assert.deepEqual(Object.keys(mlp.mlp!).sort(), ['down', 'up']);
    assert.equal(mlp.head?.kind, 'full');
    assert.equal(new Set([head.id, mlp.id, both.id]).size, 3);
  });

  test('that left the head alone is refused for the head, and taken for the MLP', async () => {
    const folder = join(scratch, 'frozen');
    cpSync(`${TINY}base`, folder, { recursive: true });
    const bytes = Buffer.from(readFileSync(join(folder, 'model.safetensors')));
    bytes.writeFloatLE(9, base.tensors.get(DOWN)!.offset);
    writeFiles(folder, { 'model.safetensors': bytes });
    const frozen = await open(folder);
    await assert.rejects(tuningOf(frozen, 'head'), /--layers last-mlp/);
    const { head, mlp, notes, norm } = await tuningOf(frozen, 'last-mlp');
    assert.equal(head, undefined);
    assert.deepEqual(Object.keys(mlp!), ['down']);
    assert.ok(norm > 0);
    assert.match(notes.join(), new RegExp(`${UP} did not change`));
    await assert.rejects(tuningOf(base, 'last-mlp'), CheckpointError);

    const chosen = await tuningOf(frozen, 'auto');
    assert.deepEqual([chosen.layers, chosen.id], ['last-mlp', (await tuningOf(frozen, 'last-mlp')).id]);
    assert.match(
      chosen.notes[0]!,
      new RegExp(`wte.weight did not change, ${DOWN} of the last block's MLP did: --layers last-mlp is taken`),
    );
  });

  test('that nobody named is of the head where it changed, and refused where neither it nor the last MLP did', async () => {
    const [chosen, head] = [await tuningOf(tuned, 'auto'), await tuningOf(tuned, 'head')];
    assert.deepEqual([chosen.layers, chosen.id, chosen.notes], ['head', head.id, head.notes]);
    await assert.rejects(tuningOf(base, 'auto'), /identical.*same checkpoint twice/);
    const unknown = openTuning(base, base, { layers: 'auto', lastMlp: undefined }, signal);
    await assert.rejects(unknown, /last MLP is in this body.*not known/);
  });

  test('that differs by the rounding of its types alone did not change', async () => {
    const folder = join(scratch, 'rounded');
    cpSync(`${TINY}base`, folder, { recursive: true });
    const halves = await Promise.all(
      [...base.tensors.values()].map(async ({ name, shape }) => {
        const data = new Uint8Array(Float16Array.from(await base.read(name)).buffer);
        return [name, { dtype: 'F16', shape, data }] as const;
      }),
    );
    writeFiles(folder, { 'model.safetensors': safetensors(Object.fromEntries(halves)) });
    await assert.rejects(
      tuningOf(await open(folder), 'auto'),
      /up to the rounding of their types.*did not change either/,
    );
  });

  test('by an adapter has the length of its factors multiplied out, and none for a layer it leaves alone', async () => {
    const [into, out] = base.tensors.get(UP)!.shape as [number, number];
    const adapter = await openAdapter(adapterFolder('up', MODULE, out, into), { cache: scratch }, signal);
    const { norm, mlp, head, id } = await tuningOf(adapter!, 'last-mlp');
    const { rank, a, b } = adapter!.delta(UP)!;
    let sum = 0;
    for (let o = 0; o < out; o++) {
      for (let i = 0; i < into; i++) {
        let entry = 0;
        for (let r = 0; r < rank; r++) entry += a[o * rank + r]! * b[i * rank + r]!;
        sum += entry ** 2;
      }
    }
    assert.ok(Math.abs(norm / Math.sqrt(sum) - 1) < 1e-6, `${norm} and ${Math.sqrt(sum)}`);
    assert.deepEqual([Object.keys(mlp!), head], [['up'], undefined]);
    assert.match(id, /^[0-9a-f]{64}$/);
    await assert.rejects(tuningOf(adapter!, 'head'), /D of --layers head is 0.*h\.\*\.mlp.*--layers last-mlp/);
  });

  test('by an adapter of another width is refused with both shapes', async () => {
    const adapter = await openAdapter(adapterFolder('narrow', MODULE, 5, 3), { cache: scratch }, signal);
    await assert.rejects(tuningOf(adapter!, 'last-mlp'), /make \[5,3\]; the base has/);
  });

  test('of an MLP that nobody knows is refused', async () => {
    const options = { layers: 'last-mlp', lastMlp: undefined } as const;
    await assert.rejects(openTuning(base, tuned, options, signal), /--layers head/);
  });
});
