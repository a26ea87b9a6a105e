import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import type { Checkpoint } from '../stages/checkpoint/checkpoint.ts';
import { appendHead, INPUTS, OUTPUTS } from '../stages/graph/head.ts';
import { graph } from '../stages/graph/onnx.ts';
import { openSession } from '../stages/graph/session.ts';
import { random } from '../stages/math/random.ts';
import { sketch } from '../stages/math/sketch.ts';
import { norm } from '../stages/math/vector.ts';
import { project, projectDelta } from '../stages/project.ts';
import { localTensor, scratch, uniformValues } from './kit/tensors.ts';
import { headTruth } from './twins/head.ts';

const HIDDEN = 24;
const POSITIONS = 5;
const WINDOWS = 3;
/** float32 sums of a few hundred terms, relative to the sketch's length */
const TOLERANCE = 2e-6;

const folder = scratch('project');
after(() => rmSync(folder, { recursive: true }));

const uniform = uniformValues(9);

/** The sketches [B,k] of all windows, from the graph, and each from the gradient itself. */
async function bothWays(vocabulary: number, width: number, chunkRows: number, tokens: readonly number[]) {
  const head = uniform(0, vocabulary * HIDDEN, 0.8);
  const base = localTensor(folder, `head-${vocabulary}`, head, [vocabulary, HIDDEN]);
  const hidden = uniform(1, WINDOWS * POSITIONS * HIDDEN, 1);
  const targets = Array.from(random(9).words(2, 0, WINDOWS * POSITIONS), (word) => word % vocabulary);
  const map = sketch({ kind: 'bucket', seed: 4, width, vocabulary, hidden: HIDDEN });

  const g = graph('sketch');
  const options = { base, deltas: [], norm: false, lossTunedHead: false, chunkRows, sketch: project(map) };
  appendHead(g, g.input('hidden', 'float32', ['B', 'S', HIDDEN]), options);
  const session = await openSession({ model: g.finish(), providers: ['cpu'], threads: 1 });
  const results = await session.run({
    hidden: { data: hidden, dims: [WINDOWS, POSITIONS, HIDDEN] },
    [INPUTS.rows]: { data: BigInt64Array.from(targets, (_, i) => BigInt(i)), dims: [WINDOWS, POSITIONS] },
    [INPUTS.targets]: { data: BigInt64Array.from(targets, BigInt), dims: [WINDOWS, POSITIONS] },
    [INPUTS.weights]: {
      data: Float32Array.from(targets, (_, i) =>
        i % POSITIONS < tokens[Math.floor(i / POSITIONS)]! ? 1 / tokens[Math.floor(i / POSITIONS)]! : 0,
      ),
      dims: [WINDOWS, POSITIONS],
    },
  });
  await session.close();

  const { data, dims } = results[OUTPUTS.sketch]!;
  assert.deepEqual(dims, [WINDOWS, width]);
  return tokens.map((count, window) => {
    const first = window * POSITIONS;
    const { gradient } = headTruth({
      base: Float64Array.from(head),
      tuned: Float64Array.from(head),
      width: HIDDEN,
      shared: vocabulary,
      hidden: Float64Array.from(hidden.subarray(first * HIDDEN, (first + count) * HIDDEN)),
      targets: targets.slice(first, first + count),
    });
    const sum = map.accumulate();
    sum.add(0, gradient);
    return { graph: data.slice(window * width, (window + 1) * width), plain: sum.finish() };
  });
}

describe('project', () => {
  for (const [vocabulary, width, chunkRows] of [
    [1024, 512, 512],
    [700, 512, 256],
    [700, 1000, 300],
    [131, 64, 50],
    [300, 8192, 1024],
  ] as const) {
    test(`the graph's sketch is the plain sketch of the gradient: V ${vocabulary}, k ${width}, chunks of ${chunkRows}`, async () => {
      for (const { graph, plain } of await bothWays(vocabulary, width, chunkRows, [5, 1, 3])) {
        const error = norm(graph.map((value, i) => value - plain[i]!));
        assert.ok(error <= TOLERANCE * norm(plain), `off by ${error} of ${norm(plain)}`);
      }
    });
  }

  test('the sketch of a delta is that of the heads’ difference, whatever is not shared left out', async () => {
    const [vocabulary, shared] = [1500, 1100];
    const map = sketch({ kind: 'bucket', seed: 4, width: 512, vocabulary, hidden: HIDDEN });
    const [before, after] = [uniform(3, vocabulary * HIDDEN, 1), uniform(4, shared * HIDDEN, 1)];
    const side = (values: Float32Array) => ({
      head: { name: 'head' } as Checkpoint['head'],
      read: async (_name: string, [from, to] = [0, 0] as readonly [number, number]) =>
        values.slice(from * HIDDEN, to * HIDDEN),
    });
    const { signal } = new AbortController();
    const sketched = await projectDelta(map, side(before), side(after), shared, signal);

    const difference = Float64Array.from(before, (value, i) => (i < shared * HIDDEN ? value - after[i]! : 0));
    const whole = map.accumulate();
    whole.add(0, difference);
    assert.deepEqual(sketched, whole.finish());
  });
});
