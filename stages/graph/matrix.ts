/**
 * The gradient by the head itself, G = Eᵀ H [V,d], for the few documents where sums and products of gradients have to be exact.
 * The vocabulary is walked in chunks as in head.ts; each has its own softmax pₜ, and Pₜ on a chunk is fₜ pₜ, f its share.
 */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import { IDS, type ModelParts } from './model.ts';
import { graph } from './onnx.ts';
import { concat, logSumExp, softmax } from './operations.ts';
import type { Provider } from './providers.ts';
import { openSession } from './session.ts';

const CHUNK_ROWS = 4096;
const NAMES = { rows: 'rows', targets: 'targets', weights: 'weights', gradient: 'gradient' } as const;

/** The encoded model: one window of ids [1,T], scored positions [S], targets [S] and weights [S,1] in, G [V,d] out. */
export function matrixModel({ body, weights, maxTokens }: ModelParts, base: LocalTensor): Uint8Array {
  const [vocabulary = 0, width = 0] = base.shape;
  const g = graph('deltasift-matrix');
  const hidden = body.build(g, weights, g.input(IDS, 'int64', ['B', 'T']), maxTokens);
  const rows = g.input(NAMES.rows, 'int64', ['S']);
  const targets = g.input(NAMES.targets, 'int64', ['S']);
  const m = g.input(NAMES.weights, 'float32', ['S', 1]);

  const h = g.node('Gather', [g.node('Reshape', [hidden, g.ints([-1, width])]), rows], { axis: 0 }); // [S,d]
  const weighted = g.node('Mul', [h, m]);
  const chunks = Array.from({ length: Math.ceil(vocabulary / CHUNK_ROWS) }, (_, c) => {
    const range = [c * CHUNK_ROWS, Math.min((c + 1) * CHUNK_ROWS, vocabulary)] as const;
    return softmax(g, g.product(h, { tensor: base, rows: range, transposed: true }));
  });
  const lses = concat(
    g,
    chunks.map(({ lse }) => lse),
    1,
  );
  const shares = g.node('Exp', [g.node('Sub', [lses, logSumExp(g, lses)])]); // [S,C]
  const share = chunks.length === 1 ? [shares] : g.nodes('Split', [shares], chunks.length, { axis: 1 });
  const expected = concat(
    g,
    chunks.map(({ p }, c) => {
      const turned = g.node('Transpose', [g.node('Mul', [p, share[c]!])], { perm: [1, 0] }); // [c,S]
      return g.node('MatMul', [turned, weighted]);
    }),
    0,
  ); // Pᵀ (m ∘ H)
  const places = g.node('Unsqueeze', [targets, g.ints([1])]);
  const gradient = g.node('ScatterND', [expected, places, g.node('Neg', [weighted])], { reduction: 'add' });
  g.output(gradient, NAMES.gradient, 'float32', [vocabulary, width]);
  return g.finish();
}

/** One window, and how many of its last tokens are scored. */
export interface ScoredWindow {
  readonly ids: Int32Array;
  readonly tokens: number;
}

export interface GradientMatrices {
  /** G [V,d] of the mean loss of the window's scored tokens. */
  of(window: ScoredWindow): Promise<Float32Array>;
  close(): Promise<void>;
}

export async function gradientMatrices(
  parts: ModelParts,
  base: LocalTensor,
  options: { readonly providers: readonly Provider[]; readonly threads: number },
): Promise<GradientMatrices> {
  const session = await openSession({ model: matrixModel(parts, base), ...options });
  return {
    async of({ ids, tokens }) {
      const first = ids.length - tokens;
      const results = await session.run({
        [IDS]: { data: BigInt64Array.from(ids, BigInt), dims: [1, ids.length] },
        [NAMES.rows]: { data: BigInt64Array.from({ length: tokens }, (_, s) => BigInt(first + s - 1)), dims: [tokens] },
        [NAMES.targets]: { data: BigInt64Array.from(ids.subarray(first), BigInt), dims: [tokens] },
        [NAMES.weights]: { data: new Float32Array(tokens).fill(1 / tokens), dims: [tokens, 1] },
      });
      return results[NAMES.gradient]!.data;
    },

    close: () => session.close(),
  };
}
