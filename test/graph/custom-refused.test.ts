import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../pipeline/error.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { customBody } from '../../stages/graph/custom.ts';
import { ELEMENT, type ModelProto } from '../../stages/graph/proto.ts';
import { changedExport, EXPORTED, valueInfo } from '../kit/exported-body.ts';
import { family } from '../kit/golden-family.ts';
import { scratch } from '../kit/tensors.ts';

const { signal } = new AbortController();
const head = family('llama').tensors.get('lm_head.weight')!;
const folder = scratch('custom-refused');
after(() => rmSync(folder, { recursive: true }));

const read = (file: string) => customBody(file, { architecture: 'OtherForCausalLM', config: {}, head }, signal);

type GraphOf = ModelProto['graph'];
const inGraph = (change: (graph: GraphOf) => Partial<GraphOf>) => (model: ModelProto) => ({
  ...model,
  graph: { ...model.graph, ...change(model.graph) },
});
const ids = (...sizes: readonly (number | string)[]) => valueInfo('input_ids', ELEMENT.int64, ...sizes);

describe('refuses, saying what was expected,', () => {
  const output = (...dim: readonly (number | string)[]) =>
    inGraph(() => ({ output: [valueInfo('last_hidden_state', ELEMENT.float32, ...dim)] }));
  const inputs = (...input: GraphOf['input']) => inGraph(() => ({ input }));
  const mask = valueInfo('attention_mask', ELEMENT.int64, 'b', 't');
  const location = (text: string) =>
    inGraph(({ initializer }) => ({
      initializer: initializer.map((tensor) => ({
        ...tensor,
        externalData: (tensor.externalData ?? []).map(({ key, value: old }) => ({
          key,
          value: key === 'location' ? text : old,
        })),
      })),
    }));
  const entry = (wanted: string, text: string) =>
    inGraph(({ initializer }) => ({
      initializer: initializer.map((tensor) => ({
        ...tensor,
        externalData: (tensor.externalData ?? []).map(({ key, value: old }) => ({
          key,
          value: key === wanted ? text : old,
        })),
      })),
    }));

  const CASES: readonly (readonly [string, RegExp, (model: ModelProto) => ModelProto])[] = [
    ['an input it cannot feed', /past_key_values/, inputs(ids('b', 't'), mask, valueInfo('past_key_values', 1, 'b'))],
    ['no token ids', /input_ids or ids.*attention_mask/, inputs(mask)],
    ['token ids of floats', /input_ids.*type 1/, inputs(valueInfo('input_ids', 1, 'b', 't'), mask)],
    ['a fixed number of tokens', /input_ids.*\[\?,128\].*dynamic/, inputs(ids('b', 128), mask)],
    ['a batch of one', /input_ids.*\[1,\?\].*dynamic/, inputs(ids(1, 't'), mask)],
    ['an output of another width', /last_hidden_state.*\[\?,\?,48\].*32/, output('b', 't', 48)],
    ['logits', /without its head/, output('b', 't', 256)],
    ['an output for the last position only', /last_hidden_state.*\[\?,32\]/, output('b', 32)],
    [
      'an output of whole numbers',
      /last_hidden_state.*type 7/,
      inGraph(() => ({ output: [valueInfo('last_hidden_state', 7, 'b', 't', 32)] })),
    ],
    [
      'several outputs, none by the name',
      /last_hidden_state.*: a, b/,
      inGraph(() => ({ output: [valueInfo('a', 1), valueInfo('b', 1)] })),
    ],
    [
      'an output that nothing makes',
      /elsewhere/,
      inGraph(() => ({ output: [valueInfo('elsewhere', 1, 'b', 't', 32)] })),
    ],
    ['a value that nothing makes', /takes a value .* that nothing makes/, inGraph(() => ({ initializer: [] }))],
    ['an opset too old', /opset 12.*13/, (model) => ({ ...model, opsetImport: [{ version: 12 }] })],
    ['an opset too new', /opset 99/, (model) => ({ ...model, opsetImport: [{ version: 99 }] })],
    ['no opset', /opset 0/, (model) => ({ ...model, opsetImport: [] })],
    ['functions of its own', /inline/, (model) => ({ ...model, functions: [new Uint8Array()] })],
    [
      'operators of other domains',
      /com\.example\.Magic/,
      inGraph(({ node }) => ({
        node: [...node, { opType: 'Magic', domain: 'com.example', input: [], output: ['x'] }],
      })),
    ],
    [
      'attributes of a kind that is not read',
      /sparse_value/,
      inGraph(({ node }) => ({
        node: [
          ...node,
          { opType: 'Constant', input: [], output: ['x'], attribute: [{ name: 'sparse_value', type: 11 }] },
        ],
      })),
    ],
    [
      'numbers in a field that is not read',
      /lost.*expected 3/,
      inGraph(({ initializer }) => ({ initializer: [...initializer, { name: 'lost', dims: [3], dataType: 13 }] })),
    ],
    ['external data above the folder', /\.\.\/llama/, location('../llama.onnx.data')],
    ['external data above the folder, the long way', /within/, location('a/../../llama.onnx.data')],
    ['external data at an absolute path', /\/etc\/passwd/, location('/etc/passwd')],
    ['external data on another drive', /within/, location('C:\\data')],
    ['external data without a place', /within/, location('')],
    ['external data in a file that is missing', /gone\.data/, location('gone.data')],
    ['external data in a folder', /beside/, location('.')],
    ['external data past the end', /bytes 106400 to/, entry('offset', '106400')],
    ['external data before the start', /offset -4/, entry('offset', '-4')],
    ['external data of no length', /length many/, entry('length', 'many')],
  ];
  for (const [name, pattern, change] of CASES) {
    test(name, async () => {
      const file = changedExport(folder, name.replaceAll(/\W/g, '-'), change);
      await assert.rejects(read(file), (error) => {
        assert.ok(error instanceof CheckpointError, String(error));
        assert.match(error.message, pattern);
        return error.message.startsWith(file);
      });
    });
  }

  test('external data behind a link that leaves the folder', async () => {
    const file = changedExport(folder, 'link', location('link.data'));
    symlinkSync(`${EXPORTED}.data`, join(folder, 'link', 'link.data'));
    await assert.rejects(read(file), /leaves/);
  });

  test('a file that is not there, as a mistake of the command line', async () => {
    await assert.rejects(read(join(folder, 'none.onnx')), ConfigError);
  });

  test('any other bytes, and never in another way', async () => {
    const whole = readFileSync(EXPORTED);
    const file = join(folder, 'fuzz.onnx');
    copyFileSync(`${EXPORTED}.data`, join(folder, 'llama.onnx.data'));
    const broken = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(whole.length - 1).map((end) => whole.subarray(0, end)),
      fc
        .array(fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) }), { minLength: 1, maxLength: 20 })
        .map((changes) => {
          const bytes = Uint8Array.from(whole);
          for (const { at, byte } of changes) bytes[at] = byte;
          return bytes;
        }),
    );
    await fc.assert(
      fc.asyncProperty(broken, async (bytes) => {
        writeFileSync(file, bytes);
        await read(file).catch((error: unknown) => assert.ok(error instanceof CheckpointError, String(error)));
      }),
      { numRuns: 300 },
    );
  });

  test('graphs nested without end', async () => {
    const wrap = (bytes: Uint8Array, field: number) => {
      const size: number[] = [];
      let rest = bytes.length;
      for (; rest > 127; rest >>>= 7) size.push((rest & 127) | 128);
      return Buffer.concat([Uint8Array.of((field << 3) | 2, ...size, rest), bytes]);
    };
    let graph: Uint8Array = new Uint8Array();
    for (let depth = 0; depth < 5000; depth++) graph = wrap(wrap(wrap(graph, 6), 5), 1); // graph, attribute, node
    const file = join(folder, 'deep.onnx');
    writeFileSync(file, wrap(graph, 7));
    await assert.rejects(read(file), CheckpointError);
  });
});
