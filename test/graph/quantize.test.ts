import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { spearman } from '../../bench/spearman.ts';
import { openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import { appendHead, INPUTS, OUTPUTS } from '../../stages/graph/head.ts';
import { IDS } from '../../stages/graph/model.ts';
import { type Graph, graph, type Matrix } from '../../stages/graph/onnx.ts';
import { quantized } from '../../stages/graph/quantize.ts';
import { openSession, type Session } from '../../stages/graph/session.ts';
import { random } from '../../stages/math/random.ts';
import { localTensor, scratch } from '../kit/tensors.ts';

const folder = scratch('quantize');
after(() => rmSync(folder, { recursive: true }));

const uniform = (stream: number, n: number) =>
  Float32Array.from(random(5).words(stream, 0, n), (word) => word / 2 ** 31 - 1);

describe('a product in int8', () => {
  const [N, inputs, outputs] = [5, 30, 7];
  const x = uniform(0, N * inputs);
  x.fill(0, inputs, 2 * inputs); // a row of zeros
  x[3 * inputs] = 500; // a row with one element that dwarfs the others
  const values = uniform(1, inputs * outputs);
  const others = uniform(2, inputs * outputs);
  const biases = uniform(3, outputs);
  const tensor = (name: string, data: Float32Array, shape: readonly number[]) => localTensor(folder, name, data, shape);
  const bias = tensor('bias', biases, [outputs]);
  const standing = tensor('in-out', values, [inputs, outputs]);
  const lying = tensor('out-in', values, [outputs, inputs]);
  const less = tensor('less', others, [outputs, inputs]);

  for (const [name, matrix, at] of [
    ['[in,out]', { tensor: standing, transposed: false }, (i: number, o: number) => values[i * outputs + o]!],
    ['[out,in]', { tensor: lying, transposed: true }, (i: number, o: number) => values[o * inputs + i]!],
    [
      'rows of [out,in]',
      { tensor: lying, rows: [2, 5], transposed: true },
      (i: number, o: number) => values[(o + 2) * inputs + i]!,
    ],
    [
      'a difference',
      { tensor: lying, less, transposed: true },
      (i: number, o: number) => values[o * inputs + i]! - others[o * inputs + i]!,
    ],
  ] as const satisfies readonly (readonly [string, Matrix, (i: number, o: number) => number])[]) {
    test(`is off by no more than its steps are wide, and does not see the other rows: ${name}`, async () => {
      const biased = !('rows' in matrix);
      const width = biased ? outputs : 3;
      const g = quantized(graph('product'));
      const product = g.product(g.input('x', 'float32', ['N', inputs]), matrix, biased ? bias : undefined);
      g.output(product, 'y', 'float32', ['N', width]);
      const session = await openSession({ model: g.finish(), providers: ['cpu'], threads: 1 });
      const run = async (rows: Float32Array) =>
        (await session.run({ x: { data: rows, dims: [rows.length / inputs, inputs] } }))['y']!.data;
      const y = await run(x);

      for (let n = 0; n < N; n++) {
        const row = x.subarray(n * inputs, (n + 1) * inputs);
        const step = Math.max(...row.map(Math.abs)) / 127;
        for (let o = 0; o < width; o++) {
          const column = Float64Array.from(row, (_, i) => at(i, o));
          const columnStep = Math.max(...column.map(Math.abs)) / 127;
          let exact = biased ? biases[o]! : 0;
          let bound = 1e-5;
          for (const [i, value] of row.entries()) {
            exact += value * column[i]!;
            // |ab − a'b'| with a' and b' at most half a step from a and b
            bound += (step * Math.abs(column[i]!) + columnStep * Math.abs(value)) / 2 + (step * columnStep) / 4;
          }
          const error = Math.abs(y[n * width + o]! - exact);
          assert.ok(error <= bound, `row ${n}, output ${o}: off by ${error}, at most ${bound} was allowed`);
        }
        assert.deepEqual(await run(row.slice()), y.slice(n * width, (n + 1) * width));
      }
      await session.close();
    });
  }
});

test('a trained pair is ranked in int8 as in float32', async () => {
  const { signal } = new AbortController();
  const pair = new URL('../golden/tiny/', import.meta.url).pathname;
  const open = (side: string) => openCheckpoint(pair + side, { cache: folder, offline: true }, signal);
  const [base, tuned] = [await open('base'), await open('tuned')];
  const body = bodyOf(base);
  const weights = await base.local(body.tensors);
  const head = (await base.local([base.head.name])).get(base.head.name)!;
  const tunedHead = (await tuned.local([tuned.head.name])).get(tuned.head.name)!;

  async function scores(g: Graph): Promise<number[]> {
    const deltas = [{ kind: 'full', tuned: tunedHead, shared: head.shape[0]! } as const];
    const hidden = body.build(g, weights, g.input(IDS, 'int64', ['B', 'T']));
    appendHead(g, hidden, { base: head, deltas, norm: true, lossTunedHead: true });
    const session = await openSession({ model: g.finish(), providers: ['cpu'], threads: 1 });
    const all = JSON.parse(readFileSync(`${pair}documents.json`, 'utf8')) as { ids: number[] }[];
    const found: number[] = [];
    for (const { ids } of all.slice(0, 120)) found.push(await score(session, ids));
    await session.close();
    return found;
  }

  const [exact, approximate] = [await scores(graph('fp32')), await scores(quantized(graph('int8')))];
  assert.ok(spearman(exact, approximate) > 0.999, `rank correlation ${spearman(exact, approximate)}`);
});

/** ⟨G, D⟩ / |G| of one window. */
async function score(session: Session, ids: readonly number[]): Promise<number> {
  const scored = ids.length - 1;
  const dims = [1, scored];
  const results = await session.run({
    [IDS]: { data: BigInt64Array.from(ids, BigInt), dims: [1, ids.length] },
    [INPUTS.rows]: { data: BigInt64Array.from({ length: scored }, (_, t) => BigInt(t)), dims },
    [INPUTS.targets]: { data: BigInt64Array.from(ids.slice(1), BigInt), dims },
    [INPUTS.weights]: { data: new Float32Array(scored).fill(1 / scored), dims },
  });
  const alignment = results[OUTPUTS.tokenAlignment]!.data.reduce((sum, value) => sum + value, 0);
  return alignment / Math.sqrt(results[OUTPUTS.squaredNorm]!.data[0]!);
}
