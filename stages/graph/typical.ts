/** What the base says of typical text: its hidden states there, and how likely it finds each token on the whole. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { HiddenOptions } from './hidden.ts';
import { HIDDEN, IDS, type ModelParts } from './model.ts';
import { graph } from './onnx.ts';
import { concat, logSumExp, softmax } from './operations.ts';
import { openSession } from './session.ts';

const CHUNK_ROWS = 4096;
const MEAN = 'mean_probability';

/** ids [1,T] in; hidden states [T,d] and the mean over T of softmax(H W0ᵀ) [V] out. */
function typicalModel({ body, weights, maxTokens }: ModelParts, base: Checkpoint['head']): Uint8Array {
  const [vocabulary = 0, width = 0] = base.shape;
  const head = weights.get(base.name)!;
  const g = graph('deltasift-typical');
  const hidden = body.build(g, weights, g.input(IDS, 'int64', ['B', 'T']), maxTokens);
  const h = g.node('Reshape', [hidden, g.ints([-1, width])]);
  const chunks = Array.from({ length: Math.ceil(vocabulary / CHUNK_ROWS) }, (_, c) => {
    const range = [c * CHUNK_ROWS, Math.min((c + 1) * CHUNK_ROWS, vocabulary)] as const;
    return softmax(g, g.product(h, { tensor: head, rows: range, transposed: true }));
  });
  const lses = concat(
    g,
    chunks.map(({ lse }) => lse),
    1,
  );
  const shares = g.node('Exp', [g.node('Sub', [lses, logSumExp(g, lses)])]); // [T,C]
  const share = chunks.length === 1 ? [shares] : g.nodes('Split', [shares], chunks.length, { axis: 1 });
  const means = chunks.map(({ p }, c) =>
    g.node('ReduceMean', [g.node('Mul', [p, share[c]!])], { axes: [0], keepdims: 0 }),
  );
  g.output(h, HIDDEN, 'float32', ['T', width]);
  g.output(concat(g, means, 0), MEAN, 'float32', [vocabulary]);
  return g.finish();
}

export interface Typical {
  /** [n,d] */
  readonly hidden: Float32Array;
  /** [V] mean probability of each token over the n positions */
  readonly probabilities: Float32Array;
}

/** @param texts token ids of each, no longer than the body's limit */
export async function typicalOf(
  base: Checkpoint,
  texts: readonly Int32Array[],
  { body, providers, threads }: HiddenOptions,
): Promise<Typical> {
  const maxTokens = texts.reduce((longest, ids) => Math.max(longest, ids.length), 1);
  const weights = await base.local([...body.tensors, base.head.name]);
  const session = await openSession({
    model: typicalModel({ body, weights, maxTokens }, base.head),
    providers,
    threads,
  });
  try {
    const positions = texts.reduce((sum, ids) => sum + ids.length, 0);
    const hidden = new Float32Array(positions * body.width);
    const sums = new Float64Array(base.head.shape[0]!);
    let at = 0;
    for (const ids of texts) {
      const results = await session.run({ [IDS]: { data: BigInt64Array.from(ids, BigInt), dims: [1, ids.length] } });
      hidden.set(results[HIDDEN]!.data, at);
      at += results[HIDDEN]!.data.length;
      const mean = results[MEAN]!.data;
      for (let v = 0; v < sums.length; v++) sums[v]! += mean[v]! * ids.length;
    }
    return { hidden, probabilities: Float32Array.from(sums, (sum) => sum / positions) };
  } finally {
    await session.close();
  }
}
