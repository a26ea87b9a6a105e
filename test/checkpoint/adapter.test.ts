import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openAdapter } from '../../stages/checkpoint/adapter.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { safetensors, scratchFolder, type Written, writeFiles } from './files.ts';

const scratch = scratchFolder('adapter');
const signal = AbortSignal.timeout(60_000);
let made = 0;

const CONFIG = { peft_type: 'LORA', r: 2, lora_alpha: 6, modules_to_save: null, use_dora: false };
const MODULE = 'base_model.model.transformer.h.1.mlp.c_fc';
const FACTORS: Readonly<Record<string, Written>> = {
  [`${MODULE}.lora_A.weight`]: { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }, // [r,in]
  [`${MODULE}.lora_B.weight`]: { shape: [1, 2], data: [10, 100] }, // [out,r]
};

function folderOf(config: object = {}, factors: Readonly<Record<string, Written>> = FACTORS): string {
  return writeFiles(join(scratch, `${made++}`), {
    'adapter_config.json': { ...CONFIG, ...config },
    'adapter_model.safetensors': safetensors(factors),
  });
}

const open = async (folder: string) => await openAdapter(folder, { cache: scratch }, signal);

/** D [out,in] of the module, multiplied out. */
async function deltaOf(config: object = {}): Promise<readonly number[]> {
  const adapter = await open(folderOf(config));
  const { rank, a, b } = adapter!.delta('transformer.h.1.mlp.c_fc.weight')!;
  assert.equal(rank, 2);
  return [0, 1, 2].map((i) => a[0]! * b[2 * i]! + a[1]! * b[2 * i + 1]!);
}

async function refused(folder: string): Promise<string> {
  const error = await open(folder).then(
    () => assert.fail('no refusal'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CheckpointError, String(error));
  return error.message;
}

describe('a LoRA adapter', () => {
  test('is -α/r B A of its module, α/√r with use_rslora, whatever fan_in_fan_out says', async () => {
    const product = [410, 520, 630]; // B A
    const near = (values: readonly number[], scale: number) => {
      for (const [i, value] of values.entries()) assert.ok(Math.abs(value + scale * product[i]!) < 1e-3, `${values}`);
    };
    near(await deltaOf(), 3);
    near(await deltaOf({ fan_in_fan_out: true }), 3);
    near(await deltaOf({ use_rslora: true }), 6 / Math.SQRT2);
    near(await deltaOf({ alpha_pattern: { c_fc: 4 } }), 2);
    near(await deltaOf({ alpha_pattern: { 'h.0.mlp.c_fc': 4 } }), 3);
  });

  test('knows a tensor by its name with and without the prefix of the wrapping model, and no other', async () => {
    const adapter = (await open(folderOf()))!;
    assert.ok(adapter.delta('h.1.mlp.c_fc.weight'));
    assert.equal(adapter.delta('h.0.mlp.c_fc.weight'), undefined);
    assert.equal(adapter.delta('c.h.1.mlp.c_fc.weight'), undefined);
    assert.deepEqual(adapter.modules, ['transformer.h.1.mlp.c_fc']);
  });

  test('has a hash of its bytes and its scaling, and of nothing else', async () => {
    const hash = async (config: object, factors = FACTORS) => (await open(folderOf(config, factors)))?.hash;
    const one = await hash({});
    assert.equal(await hash({ base_model_name_or_path: 'elsewhere' }), one);
    assert.notEqual(await hash({ lora_alpha: 7 }), one);
    const other = { ...FACTORS, [`${MODULE}.lora_B.weight`]: { shape: [1, 2], data: [10, 101] } };
    assert.notEqual(await hash({}, other), one);
  });

  test('is not looked for where there is a checkpoint, or nothing', async () => {
    assert.equal(await open(writeFiles(folderOf(), { 'config.json': {} })), undefined);
    assert.equal(await open(writeFiles(join(scratch, 'empty'), { x: '' })), undefined);
  });

  test('is refused by name where its factors do not say all of the delta', async () => {
    assert.match(await refused(folderOf({ peft_type: 'IA3' })), /"IA3"; expected "LORA"/);
    assert.match(await refused(folderOf({ use_dora: true })), /use_dora to true/);
    assert.match(await refused(folderOf({ modules_to_save: ['lm_head'] })), /modules_to_save/);
    const more = { ...FACTORS, 'base_model.model.lm_head.weight': { shape: [1], data: [1] } };
    assert.match(await refused(folderOf({}, more)), /lm_head\.weight.*lora_A and lora_B/);
    assert.match(await refused(writeFiles(join(scratch, 'half'), { 'adapter_config.json': CONFIG })), /adapter_model/);
  });

  test('is refused by name for a scaling that is none, whatever layer it is asked for', async () => {
    for (const [config, said] of [
      [{ lora_alpha: '16' }, /lora_alpha "16" for .*c_fc; expected a number/],
      [{ lora_alpha: null }, /lora_alpha null.*expected a number/],
      [{ r: 'x' }, /the r "x" for .*; expected a whole number above 0/],
      [{ r: -1 }, /the r -1/],
      [{ r: 8 }, /the r 8 for .*; expected the rank of its factors, 2/],
      [{ alpha_pattern: { '(.*)+$': 1 } }, /alpha_pattern/],
      [{ rank_pattern: { c_fc: 0 } }, /the r 0/],
    ] as const) {
      assert.match(await refused(folderOf(config)), said);
    }
    const python = writeFiles(folderOf(), {
      'adapter_config.json': '{"peft_type": "LORA", "r": 2, "lora_alpha": NaN}',
    });
    assert.match(await refused(python), /adapter_config\.json of .* is no JSON/);
  });

  test('is refused where factors do not fit each other', async () => {
    const lone = { [`${MODULE}.lora_A.weight`]: FACTORS[`${MODULE}.lora_A.weight`]! };
    assert.match(await refused(folderOf({}, lone)), /\[2,3\] and none/);
    const ranks = { ...FACTORS, [`${MODULE}.lora_B.weight`]: { shape: [2, 1], data: [1, 2] } };
    assert.match(await refused(folderOf({}, ranks)), /expected \[r,in\] and \[out,r\]/);
    const infinite = { ...FACTORS, [`${MODULE}.lora_B.weight`]: { shape: [1, 2], data: [Infinity, 2] } };
    const adapter = await open(folderOf({}, infinite));
    assert.throws(() => adapter!.delta('h.1.mlp.c_fc.weight'), /not finite/);
  });
});
