/** The loss of a head whose weights are an input, and its gradient: what training the head alone needs of a model. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { graph } from './onnx.ts';
import { softmax } from './operations.ts';

const NAMES = {
  head: 'head',
  hidden: 'hidden',
  targets: 'targets',
  weights: 'weights',
  loss: 'loss',
  likeliest: 'likeliest',
  gradient: 'gradient',
} as const;

/** Positions to one run: their logits [S,R] are all in memory. */
const POSITIONS = 512;

/** Final hidden states, and for each the row of the head that is right. */
export interface Positions {
  /** [S,d] row-major */
  readonly hidden: Float32Array;
  /** [S] */
  readonly targets: Int32Array;
}

export interface HeadTrainer {
  /** Σ mₜ ∂lossₜ/∂W [R,d], for a head W [R,d] and weights m [S]. */
  gradient(head: Float32Array, positions: Positions, weights: Float32Array): Promise<Float32Array>;
  /** Of every position its loss in nats [S], and the likeliest row [S]. */
  losses(
    head: Float32Array,
    positions: Positions,
  ): Promise<{ readonly loss: Float32Array; readonly likeliest: Int32Array }>;
  close(): Promise<void>;
}

/**
 * Runs on the calling thread: the head goes in with every run, and is not copied.
 * @param width d
 */
export async function headTrainer(width: number, threads: number): Promise<HeadTrainer> {
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1 } as const;
  const session = await InferenceSession.create(model(width), options);

  async function run(
    head: Float32Array,
    { hidden, targets }: Positions,
    weights: Float32Array,
    fetches: readonly string[],
  ) {
    const S = targets.length;
    const feeds = {
      [NAMES.head]: new Tensor('float32', head, [head.length / width, width]),
      [NAMES.hidden]: new Tensor('float32', hidden, [S, width]),
      [NAMES.targets]: new Tensor('int64', BigInt64Array.from(targets, BigInt), [S, 1]),
      [NAMES.weights]: new Tensor('float32', weights, [S, 1]),
    };
    return session.run(feeds, [...fetches]);
  }

  function* parts({ hidden, targets }: Positions) {
    for (let from = 0; from < targets.length; from += POSITIONS) {
      const to = Math.min(from + POSITIONS, targets.length);
      yield {
        from,
        to,
        part: { hidden: hidden.subarray(from * width, to * width), targets: targets.subarray(from, to) },
      };
    }
  }

  return {
    async gradient(head, positions, weights) {
      const sum = new Float32Array(head.length);
      for (const { from, to, part } of parts(positions)) {
        const results = await run(head, part, weights.subarray(from, to), [NAMES.gradient]);
        const gradient = results[NAMES.gradient]!.data as Float32Array;
        for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]!;
      }
      return sum;
    },

    async losses(head, positions) {
      const loss = new Float32Array(positions.targets.length);
      const likeliest = new Int32Array(loss.length);
      for (const { from, to, part } of parts(positions)) {
        const results = await run(head, part, new Float32Array(to - from), [NAMES.loss, NAMES.likeliest]);
        loss.set(results[NAMES.loss]!.data as Float32Array, from);
        likeliest.set(Int32Array.from(results[NAMES.likeliest]!.data as BigInt64Array, Number), from);
      }
      return { loss, likeliest };
    },

    close: () => session.release(),
  };
}

/** W [R,d], H [S,d], targets [S,1] and weights [S,1] in; −log P[y] [S], argmax [S] and Eᵀ H [R,d] out. */
function model(width: number): Uint8Array {
  const g = graph('deltasift-head-trainer');
  const head = g.input(NAMES.head, 'float32', ['R', width]);
  const h = g.input(NAMES.hidden, 'float32', ['S', width]);
  const targets = g.input(NAMES.targets, 'int64', ['S', 1]);
  const m = g.input(NAMES.weights, 'float32', ['S', 1]);
  const logits = g.node('Gemm', [h, head], { transB: 1 });
  const { p, lse } = softmax(g, logits);
  const target = g.node('GatherElements', [logits, targets], { axis: 1 });
  const weighted = g.node('Mul', [h, m]);
  const expected = g.node('Gemm', [p, weighted], { transA: 1 }); // Pᵀ (m ∘ H)
  g.output(g.node('Squeeze', [g.node('Sub', [lse, target]), g.ints([1])]), NAMES.loss, 'float32', ['S']);
  g.output(g.node('ArgMax', [logits], { axis: 1, keepdims: 0 }), NAMES.likeliest, 'int64', ['S']);
  g.output(
    g.node('ScatterND', [expected, targets, g.node('Neg', [weighted])], { reduction: 'add' }),
    NAMES.gradient,
    'float32',
    ['R', width],
  );
  return g.finish();
}
