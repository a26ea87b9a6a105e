import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { LocalTensor } from '../../stages/checkpoint/checkpoint.ts';
import { type CustomBody, customBody } from '../../stages/graph/custom.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import { INPUTS, OUTPUTS } from '../../stages/graph/head.ts';
import { bodyModel, gradientModel, IDS } from '../../stages/graph/model.ts';
import { ELEMENT, encodeModel, type ModelProto } from '../../stages/graph/proto.ts';
import { changedExport, EXPORTED, valueInfo } from '../kit/exported-body.ts';
import { assertAgrees, family, hiddenStates } from '../kit/golden-family.ts';
import { scratch } from '../kit/tensors.ts';

const LOSS_ERROR = 1e-4;
const { signal } = new AbortController();

const llama = family('llama');
const head = llama.tensors.get('lm_head.weight')!;
const checkpoint = { architecture: 'OtherForCausalLM', config: { max_position_embeddings: 1024 }, head };

const folder = scratch('custom');
after(() => rmSync(folder, { recursive: true }));

const read = (file: string) => customBody(file, checkpoint, signal);

async function agrees(body: CustomBody): Promise<void> {
  const texts = [300, 128, 3].map((length) => llama.golden.ids.slice(0, length));
  for (const hidden of await hiddenStates(body, new Map(), texts)) assertAgrees(hidden, llama.golden);
}

describe('a body of one’s own', () => {
  test('exported by torch computes what the same checkpoint computes, with another opset than ours', async () => {
    const body = await read(EXPORTED);
    assert.deepEqual(
      { ...body, build: undefined, sha256: undefined },
      {
        architecture: 'OtherForCausalLM',
        width: 32,
        vocabulary: 256,
        positions: 1024,
        tensors: [],
        build: undefined,
        sha256: undefined,
      },
    );
    await agrees(body);
  });

  test('made by our own builder, with its weights in a safetensors file beside it, is the same body again', async () => {
    copyFileSync(head.path, join(folder, 'model.safetensors'));
    const beside = [...llama.tensors].map(([name, tensor]): [string, LocalTensor] => [
      name,
      { ...tensor, path: '/model.safetensors' },
    ]);
    const file = join(folder, 'own.onnx');
    writeFileSync(file, bodyModel({ body: bodyOf(llama), weights: new Map(beside) }));
    await agrees(await read(file));
  });

  test('runs in one session with the head, whatever its opset, and the losses are the checkpoint’s', async () => {
    const T = 64;
    const text = BigInt64Array.from(llama.golden.ids.slice(0, T), BigInt);
    const shape = [1, T - 1];
    const feeds = {
      [IDS]: new Tensor('int64', text, [1, T]),
      [INPUTS.rows]: new Tensor(
        'int64',
        BigInt64Array.from({ length: T - 1 }, (_, t) => BigInt(t)),
        shape,
      ),
      [INPUTS.targets]: new Tensor('int64', text.slice(1), shape),
      [INPUTS.weights]: new Tensor('float32', new Float32Array(T - 1).fill(1 / (T - 1)), shape),
    };
    for (const version of [18, 20, 23]) {
      const file = changedExport(folder, `opset-${version}`, (model) => ({ ...model, opsetImport: [{ version }] }));
      const parts = { body: await read(file), weights: new Map() };
      const model = gradientModel(parts, { base: head, deltas: [], norm: true, lossTunedHead: false });
      const session = await InferenceSession.create(model, {
        logSeverityLevel: 3,
        extra: { session: { model_external_initializers_file_folder_path: '/' } },
      });
      const { [OUTPUTS.tokenLoss]: losses } = await session.run(feeds);
      await session.release();
      for (const [t, loss] of (losses!.data as Float32Array).entries()) {
        const error = Math.abs(loss - llama.golden.loss[t]!);
        assert.ok(error <= LOSS_ERROR, `opset ${version}: the loss of token ${t + 1} is off by ${error}`);
      }
    }
  });

  test('may be written by hand: positions, branches that look outside, numbers in any field, another float type', async () => {
    const tensor = (name: string, type: number, ...dims: readonly number[]) => ({ name, dims, dataType: type });
    const node = (opType: string, input: readonly string[], output: string, attribute: object[] = []) =>
      ({ opType, input, output: [output], attribute }) as ModelProto['graph']['node'][number];
    const branch = (name: string, factor: string) => ({
      name,
      node: [node('Mul', ['places', factor], `${name}_out`)],
      initializer: [],
      input: [],
      output: [valueInfo(`${name}_out`, ELEMENT.float32)],
    });
    // hidden[b,t,i] = (2 t + 3) · table[i], where the mask's 1 chooses the branch that doubles t
    const model = encodeModel({
      irVersion: 8,
      opsetImport: [{ domain: 'ai.onnx', version: 14 }],
      graph: {
        name: 'hand',
        node: [
          node('Cast', ['position_ids'], 'places', [{ name: 'to', type: 2, i: ELEMENT.float32 }]),
          node('ReduceMin', ['attention_mask'], 'all_on', [{ name: 'keepdims', type: 2, i: 0 }]),
          node('Cast', ['all_on'], 'condition', [{ name: 'to', type: 2, i: ELEMENT.bool }]),
          node('If', ['condition'], 'scaled', [
            { name: 'then_branch', type: 5, g: branch('then', 'two') },
            { name: 'else_branch', type: 5, g: branch('else', 'three') },
          ]),
          node('Add', ['scaled', 'three'], 'shifted'),
          node('Unsqueeze', ['shifted', 'axes'], 'column'),
          node('Constant', [], 'table', [
            {
              name: 'value',
              type: 4,
              t: { ...tensor('', ELEMENT.float32, 32), floatData: Array.from({ length: 32 }, (_, i) => i) },
            },
          ]),
          node('Mul', ['column', 'table'], 'wide'),
          node('Cast', ['wide'], 'hidden', [{ name: 'to', type: 2, i: ELEMENT.float64 }]),
          node('Cast', ['ids'], 'unused', [{ name: 'to', type: 2, i: ELEMENT.float32 }]),
        ],
        initializer: [
          { ...tensor('two', ELEMENT.float32), floatData: [2] },
          { ...tensor('three', ELEMENT.float32), rawData: new Uint8Array(Float32Array.of(3).buffer) },
          { ...tensor('axes', ELEMENT.int64, 1), int64Data: [2] },
        ],
        input: [
          valueInfo('ids', ELEMENT.int32, 'b', 't'),
          valueInfo('attention_mask', ELEMENT.float32, 'b', 't'),
          valueInfo('position_ids', ELEMENT.int64, 'b', 't'),
          valueInfo('two', ELEMENT.float32), // an initializer that is listed as an input too, as old exporters do
        ],
        output: [valueInfo('hidden', ELEMENT.float64, 'b', 't', 'width')],
      },
    });
    const file = join(folder, 'hand.onnx');
    writeFileSync(file, model);
    const [hidden] = await hiddenStates(await read(file), new Map(), [[5, 6, 7]]);
    assert.deepEqual(
      hidden!.map((state) => [...state.slice(0, 3)]),
      [0, 1, 2].map((t) => [0, 1, 2].map((i) => (2 * t + 3) * i)),
    );
  });

  test('has an identity that changes with the file and with its external data', async () => {
    const first = await read(changedExport(folder, 'same', (model) => model));
    const again = await read(changedExport(folder, 'again', (model) => model));
    const other = await read(changedExport(folder, 'other', (model) => ({ ...model, producerName: 'someone' })));
    assert.equal(first.sha256, again.sha256);
    assert.notEqual(first.sha256, other.sha256);

    const file = changedExport(folder, 'data', (model) => model);
    const data = readFileSync(join(folder, 'data', 'llama.onnx.data'));
    data[1000]! ^= 1;
    writeFileSync(join(folder, 'data', 'llama.onnx.data'), data);
    assert.notEqual((await read(file)).sha256, first.sha256);
  });
});
