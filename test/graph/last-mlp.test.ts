import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import type { LocalTensor } from '../../stages/checkpoint/checkpoint.ts';
import { ACTIVATIONS, type ActivationName } from '../../stages/graph/activation.ts';
import type { Body } from '../../stages/graph/families.ts';
import { INPUTS, OUTPUTS } from '../../stages/graph/head.ts';
import type { LastMlp, MlpDelta } from '../../stages/graph/last-mlp.ts';
import { gradientModel, IDS, type Measured, type ModelParts } from '../../stages/graph/model.ts';
import { openSession, type Results } from '../../stages/graph/session.ts';
import { localTensor, scratch, uniformValues } from '../kit/tensors.ts';
import { activationTwins } from '../twins/activation.ts';
import { type BlockCase, blockGradients, type Matrix } from '../twins/last-mlp.ts';

const [V, D, INNER, RANK] = [50, 6, 10, 2];
const EPSILON = 1e-5;
const TOLERANCE = 3e-6;

const folder = scratch('last-mlp');
after(() => rmSync(folder, { recursive: true }));

const uniform = uniformValues(11);
const doubles = (values: Float32Array) => Float64Array.from(values);

const head = uniform(0, V * D, 1);
const rest = uniform(1, V * D, 1);
const input = uniform(2, V * D, 1);
const norm = { weight: uniform(3, D, 1), bias: uniform(4, D, 0.5) };
const tensors = {
  head: localTensor(folder, 'head', head, [V, D]),
  rest: localTensor(folder, 'rest', rest, [V, D]),
  input: localTensor(folder, 'input', input, [V, D]),
  normWeight: localTensor(folder, 'norm-weight', norm.weight, [D]),
};
const headDelta = uniform(5, V * D, 0.2);
const tunedHead = localTensor(
  folder,
  'tuned-head',
  head.map((value, i) => value - headDelta[i]!),
  [V, D],
);

interface Variant {
  readonly activation: ActivationName;
  readonly gated: boolean;
  readonly centred: boolean;
  readonly transposed: boolean;
}

/** A body whose last block finds what it adds to, and its MLP's input, by the token there: the tail is what is under test. */
function variantOf({ activation, gated, centred, transposed }: Variant) {
  const names: readonly Matrix[] = gated ? ['up', 'gate', 'down'] : ['up', 'down'];
  const shapeOf = (name: Matrix) => (name === 'down' ? [D, INNER] : [INNER, D]);
  const matrices = Object.fromEntries(names.map((name, i) => [name, uniform(10 + i, D * INNER, 0.7)]));
  const deltas = Object.fromEntries(names.map((name, i) => [name, uniform(20 + i, D * INNER, 0.1)]));
  const tag = `${activation}-${gated}-${transposed}`;
  /** [out,in] as this variant stores it */
  const stored = (name: Matrix, values: Float32Array, file: string): LocalTensor => {
    const [out, into] = shapeOf(name) as [number, number];
    if (!transposed) return localTensor(folder, file, values, [out, into]);
    const turned = values.map((_, at) => values[(at % out) * into + Math.floor(at / out)]!);
    return localTensor(folder, file, turned, [into, out]);
  };
  const weights = new Map(names.map((name) => [name as string, stored(name, matrices[name]!, `${tag}-${name}`)]));
  weights.set('norm', tensors.normWeight);
  const lastMlp: LastMlp = {
    matrices: { up: 'up', down: 'down', ...(gated ? { gate: 'gate' } : {}) },
    transposed,
    activation,
    norm: { weight: 'norm', epsilon: EPSILON, centred },
  };

  const body = {
    architecture: 'lookup',
    width: D,
    lastMlp,
    build(g, _weights, ids, _maxTokens, tap) {
      const rows = (tensor: LocalTensor) => g.node('Reshape', [g.gather(tensor, ids), g.ints([-1, D])]);
      const product = (x: string, name: string) =>
        g.node('Gemm', [x, g.weight(weights.get(name)!)], transposed ? {} : { transB: 1 });
      const u = rows(tensors.input);
      const up = product(u, 'up');
      const gate = gated ? product(u, 'gate') : undefined;
      const active = ACTIVATIONS[activation](g, gate ?? up);
      const wide = gated ? g.node('Mul', [active, up]) : active;
      const stream = g.node('Add', [rows(tensors.rest), product(wide, 'down')]);
      tap?.({ stream, input: u, up, gate, wide });
      const mean = (x: string) => g.node('ReduceMean', [x], { axes: [-1], keepdims: 1 });
      const middle = centred ? g.node('Sub', [stream, mean(stream)]) : stream;
      const variance = g.node('Add', [mean(g.node('Mul', [middle, middle])), g.floats([EPSILON], [])]);
      const unit = g.node('Div', [middle, g.node('Sqrt', [variance])]);
      const scaled = g.node('Mul', [unit, g.floats(norm.weight, [D])]);
      const hidden = g.node('Add', [scaled, g.floats(norm.bias, [D])]);
      return g.node('Reshape', [hidden, g.node('Concat', [g.node('Shape', [ids]), g.ints([D])], { axis: 0 })]);
    },
  } as Partial<Body> as Body;

  const full: MlpDelta = Object.fromEntries(
    names.map((name) => {
      const tuned = matrices[name]!.map((value, i) => value - deltas[name]![i]!);
      return [name, { kind: 'full', tuned: stored(name, tuned, `${tag}-${name}-tuned`) }];
    }),
  );
  const factors = {
    kind: 'factors',
    rank: RANK,
    a: uniform(30, D * RANK, 0.3),
    b: uniform(31, INNER * RANK, 0.3),
  } as const;
  const factorDelta = new Float64Array(D * INNER).map((_, at) => {
    const [o, i] = [Math.floor(at / INNER), at % INNER];
    return Array.from({ length: RANK }, (_, r) => factors.a[o * RANK + r]! * factors.b[i * RANK + r]!).reduce(
      (sum, term) => sum + term,
    );
  });

  const truthOf = (ids: readonly number[]) => {
    const rowsOf = (table: Float32Array) =>
      Float64Array.from(ids.slice(0, -1).flatMap((id) => [...table.subarray(id * D, (id + 1) * D)]));
    const block: BlockCase = {
      matrices: Object.fromEntries(names.map((name) => [name, doubles(matrices[name]!)])) as BlockCase['matrices'],
      activation: activationTwins[activation],
      norm: { weight: doubles(norm.weight), bias: doubles(norm.bias), epsilon: EPSILON },
      centred,
      head: doubles(head),
      width: D,
      rest: rowsOf(rest),
      input: rowsOf(input),
      targets: ids.slice(1),
    };
    const gradients = blockGradients(block);
    const along = (name: Matrix, delta: ArrayLike<number>) =>
      gradients.get(name)!.reduce((sum, value, i) => sum + value * delta[i]!, 0);
    return {
      full: names.reduce((sum, name) => sum + along(name, deltas[name]!), 0),
      factors: along('down', factorDelta),
      squared: [...gradients.values()].reduce((sum, gradient) => sum + gradient.reduce((s, v) => s + v * v, 0), 0),
    };
  };
  return { body, weights, deltas: [full, { down: factors }, {}] as const, truthOf };
}

const HEADS = [{ kind: 'full', tuned: tunedHead, shared: V }, { kind: 'none' }, { kind: 'none' }] as const;

async function run(parts: ModelParts, base: LocalTensor, ids: readonly (readonly number[])[], layers: Measured) {
  const deltas = base === tensors.head ? HEADS : ([{ kind: 'none' }] as const);
  const model = gradientModel(parts, { base, deltas, norm: true, lossTunedHead: true, chunkRows: 16 }, layers);
  const session = await openSession({ model, providers: ['cpu'], threads: 1 });
  const [B, T] = [ids.length, Math.max(...ids.map(({ length }) => length))];
  const at = (b: number, s: number) => s < ids[b]!.length - 1;
  const grid = (value: (b: number, s: number) => number) =>
    Array.from({ length: B * (T - 1) }, (_, i) => value(Math.floor(i / (T - 1)), i % (T - 1)));
  const dims = [B, T - 1];
  try {
    return await session.run({
      [IDS]: {
        data: BigInt64Array.from({ length: B * T }, (_, i) => BigInt(ids[Math.floor(i / T)]![i % T] ?? 0)),
        dims: [B, T],
      },
      [INPUTS.rows]: {
        data: BigInt64Array.from(
          grid((b, s) => b * T + s),
          BigInt,
        ),
        dims,
      },
      [INPUTS.targets]: {
        data: BigInt64Array.from(
          grid((b, s) => ids[b]![s + 1] ?? 0),
          BigInt,
        ),
        dims,
      },
      [INPUTS.weights]: {
        data: Float32Array.from(grid((b, s) => (at(b, s) ? 1 / (ids[b]!.length - 1) : 0))),
        dims,
      },
    });
  } finally {
    await session.close();
  }
}

function alignment(results: Results, b: number, column: number): number {
  const { data, dims } = results[OUTPUTS.tokenAlignment]!;
  const [, S, n] = dims as [number, number, number];
  return Array.from({ length: S }, (_, s) => data[(b * S + s) * n + column]!).reduce((sum, value) => sum + value, 0);
}

function close(actual: number, expected: number, scale: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= TOLERANCE * scale, `${what}: ${actual}, expected ${expected}`);
}

const windows = [
  [3, 14, 15, 9, 26],
  [7, 7],
  [1, 44, 2, 2, 2, 49, 30],
];

const VARIANTS: readonly Variant[] = [
  { activation: 'gelu_new', gated: false, centred: true, transposed: true },
  { activation: 'gelu', gated: false, centred: true, transposed: false },
  { activation: 'silu', gated: true, centred: false, transposed: false },
];

describe('last MLP', () => {
  for (const variant of VARIANTS) {
    const { activation, gated, centred, transposed } = variant;
    const name = `${activation}${gated ? ', gated' : ''}, ${centred ? 'LayerNorm' : 'RMSNorm'}${transposed ? ', [in,out]' : ''}`;

    test(`alignment and length are those of the gradient by differences (${name})`, async () => {
      const { body, weights, deltas, truthOf } = variantOf(variant);
      const results = await run({ body, weights }, tensors.head, windows, { head: false, mlp: deltas });
      for (const [b, ids] of windows.entries()) {
        const truth = truthOf(ids);
        const length = Math.sqrt(truth.squared);
        close(alignment(results, b, 0), truth.full, length, `window ${b}, full`);
        close(alignment(results, b, 1), truth.factors, length, `window ${b}, factors`);
        assert.equal(alignment(results, b, 2), 0);
        close(Math.sqrt(results[OUTPUTS.squaredNorm]!.data[b]!), length, length, `window ${b}, |G|`);
      }
    });

    test(`with the head, both sums are over all of it (${name})`, async () => {
      const { body, weights, deltas } = variantOf(variant);
      const [alone, both] = await Promise.all(
        [false, true].map((head) => run({ body, weights }, tensors.head, windows, { head, mlp: deltas })),
      );
      const headOnly = await run({ body, weights }, tensors.head, windows, { head: true, mlp: undefined });
      for (const [b] of windows.entries()) {
        const squares = [alone, headOnly, both].map((results) => results![OUTPUTS.squaredNorm]!.data[b]!);
        close(squares[2]!, squares[0]! + squares[1]!, squares[2]!, `window ${b}, |G|²`);
        for (const column of [0, 1, 2]) {
          const sums = [alone, headOnly, both].map((results) => alignment(results!, b, column));
          close(sums[2]!, sums[0]! + sums[1]!, Math.sqrt(squares[2]!), `window ${b}, column ${column}`);
        }
      }
    });
  }

  test('a head that tuning left alone has the loss it had', async () => {
    const { body, weights, deltas } = variantOf(VARIANTS[0]!);
    const results = await run({ body, weights }, tensors.head, windows, { head: false, mlp: deltas });
    const loss = results[OUTPUTS.tokenLoss]!.data;
    const tuned = results[OUTPUTS.tokenLossTunedHead]!.data;
    for (const [i, value] of loss.entries()) assert.equal(tuned[3 * i + 1], value);
    assert.notEqual(tuned[0], loss[0]);
  });

  test('a body that does not say where its last MLP is, is refused by name', () => {
    const body = {
      architecture: 'CustomModel',
      width: D,
      build: (g, _, ids) => g.gather(tensors.rest, ids),
    } as Partial<Body> as Body;
    const options = { base: tensors.head, deltas: [{ kind: 'none' }], norm: true, lossTunedHead: false } as const;
    assert.throws(
      () => gradientModel({ body, weights: new Map() }, options, { head: false, mlp: [{}] }),
      /CustomModel.*--layers head/,
    );
  });
});
