/**
 * The gradient by the head itself, G = Eᵀ H [V,d], for the few documents where sums and products of gradients have to be exact: the
 * mean over the points where it is taken, over the rows of some labels alone where only those count. E = (Q − c Y) ∘ m, the vocabulary
 * walked in chunks, as distribution.ts says.
 */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import { adapted } from './adapted.ts';
import { deltaTerms, type HeadDelta } from './delta-terms.ts';
import { chunkOf, type Distribution, headDistribution, mixture, movedDistribution } from './distribution.ts';
import { labelRows, restrictedDelta } from './label-rows.ts';
import { IDS, type ModelParts, type TunedModel } from './model.ts';
import { type Graph, graph } from './onnx.ts';
import { concat, sumOf } from './operations.ts';
import type { Point } from './point.ts';
import type { Provider } from './providers.ts';
import { rangesOf } from './rows.ts';
import { openSession } from './session.ts';

const CHUNK_ROWS = 4096;
const NAMES = { rows: 'rows', targets: 'targets', weights: 'weights', gradient: 'gradient' } as const;

/** How the gradient was measured; by default at the base, over the vocabulary. */
export interface MatrixMode {
  readonly points?: readonly Point[];
  /** D of the head, for points on its way. */
  readonly delta?: HeadDelta | undefined;
  /** For the point `tuned`. */
  readonly tuned?: TunedModel | undefined;
  /** Tokens of the labels, where the softmax runs over those alone. */
  readonly labels?: readonly number[] | undefined;
}

/** The encoded model: one window of ids [1,T], scored positions [1,S], targets [1,S] and weights [S,1] in, G [V,d] or of the labels out. */
export function matrixModel(
  { body, weights, maxTokens }: ModelParts,
  base: LocalTensor,
  { points = ['base'], delta, tuned, labels }: MatrixMode = {},
): Uint8Array {
  const [, width = 0] = base.shape;
  const g = graph('deltasift-matrix');
  const ids = g.input(IDS, 'int64', ['B', 'T']);
  const rows = g.input(NAMES.rows, 'int64', ['B', 'S']);
  const targets = g.input(NAMES.targets, 'int64', ['B', 'S']);
  const m = g.input(NAMES.weights, 'float32', ['S', 1]);

  const head = restrictedTo(g, base);
  const [kept = 0] = head.tensor.shape;
  const atBase = at(head, body.build(g, weights, ids, maxTokens), delta);
  const parts = points.map((point) => {
    if (point === 'base') return errorTimesStates(atBase);
    if (point !== 'tuned') return errorTimesStates(movedDistribution(head.graph, atBase, point));
    if (tuned === undefined) throw new RangeError('the gradient is asked for at a tuned model that is not there');
    const tunedGraph = tuned.less === undefined ? g : adapted(g, tuned.less);
    return errorTimesStates(
      at(restrictedTo(tunedGraph, tuned.head), tuned.body.build(tunedGraph, tuned.weights, ids, maxTokens), undefined),
    );
  });
  const mean = g.node('Mul', [sumOf(g, parts), g.floats([1 / parts.length], [])]);
  g.output(mean, NAMES.gradient, 'float32', [kept, width]);
  return g.finish();

  function restrictedTo(of: Graph, tensor: LocalTensor) {
    if (labels === undefined) return { graph: of, tensor, restrict: (other: LocalTensor) => other };
    const { graph: restricted, restrict } = labelRows(of, labels);
    return { graph: restricted, tensor: restrict(tensor), restrict };
  }

  /** @param states last hidden states [1,T,d] */
  function at(
    { graph: own, tensor, restrict }: ReturnType<typeof restrictedTo>,
    states: string,
    change: HeadDelta | undefined,
  ): Distribution {
    const hidden = g.node('Gather', [g.node('Reshape', [states, g.ints([-1, width])]), rows], { axis: 0 }); // [1,S,d]
    const flat = g.node('Reshape', [hidden, g.ints([-1, width])]); // [S,d]
    const made = headDistribution(own, { hidden, flat }, tensor, targets);
    const values = { base: tensor, hidden, flat, targets, targetRows: made.targetRows };
    const terms =
      change === undefined ? [] : [deltaTerms(own, restrictedDelta(change, restrict, labels), values, true)];
    return { ...made, terms };
  }

  /** Eᵀ H on the rows that the base has [V,d] */
  function errorTimesStates(of: Distribution): string {
    const ranges = rangesOf(Math.max(kept, rowsOf(of)), CHUNK_ROWS, [kept, ...cutsOf(delta)]);
    const chunks = ranges.map((range) => chunkOf(g, of.logits(range)));
    const flatTarget = g.node('Reshape', [of.targetLogit, g.ints([-1, 1])]);
    const { shares, miss } = mixture(g, chunks, flatTarget);
    const weighted = g.node('Mul', [of.states.flat, m]);
    const expected = concat(
      g,
      ranges.flatMap(([from], k) => {
        if (from >= kept || chunks[k] === undefined) return [];
        const turned = g.node('Transpose', [g.node('Mul', [chunks[k].p, shares[k]!])], { perm: [1, 0] }); // [c,S]
        return g.node('MatMul', [turned, weighted]);
      }),
      0,
    ); // Qᵀ (m ∘ H)
    const places = g.node('Reshape', [targets, g.ints([-1, 1])]);
    const came = g.node('Neg', [g.node('Mul', [weighted, miss])]);
    return g.node('ScatterND', [expected, places, came], { reduction: 'add' });
  }

  function rowsOf(of: Distribution): number {
    return labels === undefined && of !== atBase && of.states !== atBase.states ? (tuned?.head.shape[0] ?? 0) : kept;
  }

  function cutsOf(change: HeadDelta | undefined): readonly number[] {
    return change?.kind === 'full' && labels === undefined ? [change.shared] : [];
  }
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
  mode: MatrixMode = {},
): Promise<GradientMatrices> {
  const session = await openSession({ model: matrixModel(parts, base, mode), ...options });
  const { labels } = mode;
  const [vocabulary = 0, width = 0] = base.shape;
  const targetOf = (id: number) => BigInt(labels === undefined ? id : labels.indexOf(id));
  return {
    async of({ ids, tokens }) {
      const first = ids.length - tokens;
      const dims = [1, tokens];
      const results = await session.run({
        [IDS]: { data: BigInt64Array.from(ids, BigInt), dims: [1, ids.length] },
        [NAMES.rows]: { data: BigInt64Array.from({ length: tokens }, (_, s) => BigInt(first + s - 1)), dims },
        [NAMES.targets]: { data: BigInt64Array.from(ids.subarray(first), targetOf), dims },
        [NAMES.weights]: { data: new Float32Array(tokens).fill(1 / tokens), dims: [tokens, 1] },
      });
      const found = results[NAMES.gradient]!.data;
      if (labels === undefined) return found;
      const whole = new Float32Array(vocabulary * width);
      for (const [row, token] of labels.entries()) {
        whole.set(found.subarray(row * width, (row + 1) * width), token * width);
      }
      return whole;
    },

    close: () => session.close(),
  };
}
