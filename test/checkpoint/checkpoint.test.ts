import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../pipeline/error.ts';
import { type Checkpoint, openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { GPT2, rawSafetensors, safetensors, scratchFolder, TINY, type Written, writeFiles } from './files.ts';

const scratch = scratchFolder('checkpoint');
const signal = AbortSignal.timeout(60_000);
const open = (folder: string): Promise<Checkpoint> => openCheckpoint(folder, { cache: scratch }, signal);
let made = 0;
const folderOf = (files: Parameters<typeof writeFiles>[1]): string => writeFiles(join(scratch, `${made++}`), files);
const checkpointOf = (config: object, tensors: Readonly<Record<string, Written>>): string =>
  folderOf({ 'config.json': config, 'model.safetensors': safetensors(tensors) });

const matrix: Written = { shape: [3, 2], data: [0, 1, 2, 3, 4, 5] };
const other: Written = { shape: [3, 2], data: [9, 1, 2, 3, 4, 5] };

async function refusal(folder: string): Promise<string> {
  const error = await open(folder).then(
    () => assert.fail('opened'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CheckpointError, String(error));
  return error.message;
}

describe('a checkpoint in a folder', () => {
  test('is read: config, architecture, tensors, head and tokenizer', async () => {
    const checkpoint = await open(`${TINY}base`);
    assert.equal(checkpoint.architecture, 'GPT2LMHeadModel');
    assert.equal(checkpoint.config['n_embd'], 64);
    assert.equal(checkpoint.tensors.size, 28);
    assert.equal(checkpoint.head.name, 'transformer.wte.weight');
    assert.deepEqual(checkpoint.head.shape, [2048, 64]);
    const files = await checkpoint.tokenizer();
    assert.deepEqual(Object.keys(files!.tokenizer).includes('model'), true);
    assert.equal(files!.config['bos_token'], '<|endoftext|>');
    assert.equal(await (await open(`${TINY}tuned`)).tokenizer(), undefined);
  });

  test('gives rows of a tensor as float32, whatever type they are stored in', async () => {
    const values = [0, 1.5, -2, 65504, 2 ** -24, 0.333251953125];
    const stored: readonly (readonly [string, Uint8Array, readonly number[]])[] = [
      ['F32', new Uint8Array(Float32Array.from(values).buffer), values],
      ['F16', new Uint8Array(Float16Array.from(values).buffer), values],
      [
        'BF16',
        new Uint8Array(Uint16Array.of(0, 0x3fc0, 0xc000, 0x477f, 0x3380, 0x3eaa).buffer),
        [0, 1.5, -2, 65280, 2 ** -24, 0.33203125],
      ],
    ];
    for (const [dtype, data, expected] of stored) {
      // a byte before it, so that it is not aligned
      const folder = checkpointOf(GPT2, {
        a: { dtype: 'U8', shape: [1], data: Uint8Array.of(7) },
        'wte.weight': { dtype, shape: [3, 2], data },
      });
      const checkpoint = await open(folder);
      assert.deepEqual([...(await checkpoint.read('wte.weight'))], expected, dtype);
      assert.deepEqual([...(await checkpoint.read('wte.weight', [1, 3]))], expected.slice(2), dtype);
      assert.deepEqual([...(await checkpoint.read('wte.weight', [2, 2]))], [], dtype);
    }
  });

  test('is read from several files as its index says', async () => {
    const folder = folderOf({
      'config.json': GPT2,
      'model.safetensors.index.json': {
        metadata: {},
        weight_map: { 'wte.weight': 'b.safetensors', x: 'a.safetensors' },
      },
      'a.safetensors': safetensors({ x: other }),
      'b.safetensors': safetensors({ unlisted: other, 'wte.weight': matrix }),
    });
    const checkpoint = await open(folder);
    assert.deepEqual([...checkpoint.tensors.keys()].sort(), ['wte.weight', 'x']);
    assert.equal(checkpoint.head.file, 'b.safetensors');
    assert.deepEqual([...(await checkpoint.read('wte.weight'))], matrix.data);
    assert.deepEqual([...(await checkpoint.read('x'))], other.data);
  });

  test('places its tensors in real files, through symbolic links', async () => {
    const folder = join(scratch, 'linked');
    const blobs = writeFiles(join(scratch, 'blobs'), {
      one: safetensors({ x: other, 'wte.weight': matrix }),
      two: GPT2,
    });
    mkdirSync(folder);
    symlinkSync(join('..', 'blobs', 'one'), join(folder, 'model.safetensors'));
    symlinkSync(join(blobs, 'two'), join(folder, 'config.json'));
    const tensor = (await (await open(folder)).local(['wte.weight'])).get('wte.weight')!;
    assert.equal(tensor.path, join(blobs, 'one'));
    const { buffer } = Uint8Array.from(readFileSync(tensor.path).subarray(tensor.offset, tensor.offset + tensor.bytes));
    assert.deepEqual([...new Float32Array(buffer)], matrix.data);
  });

  const heads: Readonly<Record<string, readonly [object, Readonly<Record<string, Written>>, string]>> = {
    'the embedding where the config ties the two': [
      GPT2,
      { 'transformer.wte.weight': matrix },
      'transformer.wte.weight',
    ],
    'the embedding without a prefix': [
      { ...GPT2, tie_word_embeddings: undefined },
      { 'wte.weight': matrix },
      'wte.weight',
    ],
    'the embedding beside its own copy': [GPT2, { 'wte.weight': matrix, 'lm_head.weight': matrix }, 'wte.weight'],
    'a head that is the only one': [GPT2, { 'lm_head.weight': matrix }, 'lm_head.weight'],
    'the head where nothing is tied': [
      { architectures: ['LlamaForCausalLM'], tie_word_embeddings: false },
      { 'model.embed_tokens.weight': other, 'lm_head.weight': matrix },
      'lm_head.weight',
    ],
    'the head where the config says nothing': [
      { architectures: ['LlamaForCausalLM'] },
      { 'model.embed_tokens.weight': other, 'lm_head.weight': matrix },
      'lm_head.weight',
    ],
    'the embedding where there is no head and the config says nothing': [
      { architectures: ['LlamaForCausalLM'] },
      { 'model.embed_tokens.weight': matrix },
      'model.embed_tokens.weight',
    ],
    'the head of GPT-NeoX': [
      { architectures: ['GPTNeoXForCausalLM'], tie_word_embeddings: false },
      { 'gpt_neox.embed_in.weight': other, 'embed_out.weight': matrix },
      'embed_out.weight',
    ],
  };
  for (const [what, [config, tensors, name]] of Object.entries(heads)) {
    test(`takes as its head ${what}`, async () => {
      const { head } = await open(checkpointOf(config, tensors));
      assert.equal(head.name, name);
      assert.deepEqual(head.shape, [3, 2]);
    });
  }

  const sound = safetensors({ 'wte.weight': matrix });
  const indexOf = (file: unknown) => ({
    'config.json': GPT2,
    'a.safetensors': sound,
    'model.safetensors.index.json': { weight_map: { 'wte.weight': file } },
  });
  const broken: Readonly<Record<string, readonly [Parameters<typeof writeFiles>[1], RegExp]>> = {
    'without config.json': [{ 'model.safetensors': sound }, /no config\.json/],
    'with a config that is no JSON': [{ 'config.json': '{', 'model.safetensors': sound }, /no JSON/],
    'with a config that is a list': [{ 'config.json': '[]', 'model.safetensors': sound }, /no object/],
    'with a config that names no architecture': [
      { 'config.json': { architectures: [] }, 'model.safetensors': sound },
      /no architecture/,
    ],
    'with quantized weights': [
      { 'config.json': { ...GPT2, quantization_config: { quant_method: 'gptq' } }, 'model.safetensors': sound },
      /quantized \(gptq\)/,
    ],
    'that is an adapter': [
      { 'adapter_config.json': { peft_type: 'LORA' }, 'adapter_model.safetensors': sound },
      /is an adapter \(LORA\).*can be the tuned side/,
    ],
    'without safetensors': [{ 'config.json': GPT2 }, /neither model\.safetensors/],
    'with pickled weights only': [{ 'config.json': GPT2, 'pytorch_model.bin': 'x' }, /pytorch_model\.bin is there/],
    'with an empty file': [{ 'config.json': GPT2, 'model.safetensors': '' }, /too few/],
    'without a head': [{ 'config.json': GPT2, 'model.safetensors': safetensors({ x: matrix }) }, /no head/],
    'that is not tied and has no head': [
      { 'config.json': { ...GPT2, tie_word_embeddings: false }, 'model.safetensors': sound },
      /no head.*lm_head\.weight/,
    ],
    'with a head that is a vector': [
      { 'config.json': GPT2, 'model.safetensors': safetensors({ 'wte.weight': { ...matrix, shape: [6] } }) },
      /shape \[6\]/,
    ],
    'with a tied head that differs from the embedding': [
      { 'config.json': GPT2, 'model.safetensors': safetensors({ 'wte.weight': matrix, 'lm_head.weight': other }) },
      /ties the head to wte\.weight, but lm_head\.weight is there and differs/,
    ],
    'whose index leads up the tree': [indexOf('../a.safetensors'), /beside it/],
    'whose index leads to the root': [indexOf('/etc/passwd'), /beside it/],
    'whose index leads to a folder below': [indexOf('x/a.safetensors'), /beside it/],
    'whose index leads to another drive': [indexOf('C:\\a.safetensors'), /beside it/],
    'whose index names no file': [indexOf(7), /beside it/],
    'whose index names a file of another kind': [indexOf('config.json'), /beside it/],
    'whose index names a file that is not there': [indexOf('b.safetensors'), /b\.safetensors, which is missing/],
    'whose index has no map': [{ 'config.json': GPT2, 'model.safetensors.index.json': {} }, /weight_map/],
    'whose index is wrong about a file': [
      {
        ...indexOf('a.safetensors'),
        'model.safetensors.index.json': { weight_map: { 'lm_head.weight': 'a.safetensors' } },
      },
      /"lm_head\.weight" is not in a\.safetensors/,
    ],
  };
  for (const [what, [files, message]] of Object.entries(broken)) {
    test(`is refused ${what}`, async () => {
      assert.match(await refusal(folderOf(files)), message);
    });
  }

  test('names the stored type of a tensor that cannot be read', async () => {
    const folder = checkpointOf(GPT2, {
      'wte.weight': matrix,
      q: { dtype: 'I8', shape: [2], data: Uint8Array.of(1, 2) },
    });
    const checkpoint = await open(folder);
    await assert.rejects(checkpoint.read('q'), /stored as I8/);
    await assert.rejects(checkpoint.read('z'), /none of that name/);
  });

  test('is refused when a file shrinks while it is read', async () => {
    const folder = checkpointOf(GPT2, { 'wte.weight': matrix });
    const checkpoint = await open(folder);
    truncateSync(join(folder, 'model.safetensors'), 100);
    await assert.rejects(checkpoint.read('wte.weight'), CheckpointError);
  });

  test('stops reading at an abort', async () => {
    const folder = checkpointOf(GPT2, { 'wte.weight': matrix });
    const controller = new AbortController();
    const checkpoint = await open(folder);
    controller.abort();
    await assert.rejects(checkpoint.read('wte.weight', undefined, controller.signal), { name: 'AbortError' });
  });

  test('that does not exist is a mistake in the flags', async () => {
    await assert.rejects(open(join(scratch, 'nowhere')), ConfigError);
    await assert.rejects(open(`${TINY}base/config.json`), ConfigError);
  });

  test('is opened or refused, whatever its config, index and header hold', async () => {
    const keys = fc.constantFrom(
      'architectures',
      'tie_word_embeddings',
      'quantization_config',
      'weight_map',
      '__proto__',
      'x',
    );
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constant(['GPT2LMHeadModel']),
      fc.constant({ 'wte.weight': 'a.safetensors' }),
    );
    const object = fc.dictionary(keys, value);
    const folder = folderOf({ 'a.safetensors': sound });
    await fc.assert(
      fc.asyncProperty(object, object, object, fc.boolean(), async (config, index, header, single) => {
        writeFiles(folder, { 'config.json': { ...GPT2, ...config }, 'model.safetensors.index.json': index });
        const place = single ? join(folder, 'single') : folder;
        if (single) writeFiles(place, { 'config.json': config, 'model.safetensors': rawSafetensors(header) });
        await open(place).catch((error: unknown) => assert.ok(error instanceof CheckpointError, String(error)));
      }),
      { numRuns: 100 },
    );
  });
});
