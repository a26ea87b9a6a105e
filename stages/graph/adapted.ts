/** A base's graph as an adapter changes it: every product with an adapted matrix is less x B Aᵀ, and the factors are never multiplied out. */
import type { LowRank } from '../checkpoint/adapter.ts';
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/error.ts';
import type { Graph } from './onnx.ts';

/** @param factorsOf D of the tensor of that name as A Bᵀ [out,in]; undefined where it is left alone */
export function adapted(g: Graph, factorsOf: (tensor: string) => LowRank | undefined): Graph {
  const known = new Map<string, Factors | undefined>();

  function factors({ name, shape }: LocalTensor): Factors | undefined {
    if (!known.has(name)) {
      const found = factorsOf(name);
      known.set(name, found === undefined ? undefined : checked(found, name, shape));
    }
    return known.get(name);
  }

  const projections = new Map<string, string>();

  /** x B [N,r] */
  function projected(x: string, { name }: LocalTensor, { into, rank, b }: Factors): string {
    const identity = `${name}\n${x}`;
    const made = projections.get(identity) ?? g.node('MatMul', [x, g.floats(b, [into, rank])]);
    projections.set(identity, made);
    return made;
  }

  return {
    ...g,

    product(x, matrix, bias) {
      const plain = g.product(x, matrix, bias);
      const found = factors(matrix.tensor);
      if (found === undefined) return plain;
      const { rank, out, a } = found;
      const [from, to] = matrix.rows ?? [0, out];
      const part = g.floats(a.subarray(from * rank, to * rank), [to - from, rank]);
      return g.node('Sub', [plain, g.node('Gemm', [projected(x, matrix.tensor, found), part], { transB: 1 })]);
    },

    weight(tensor, rows) {
      const plain = g.weight(tensor, rows);
      const found = factors(tensor);
      if (found === undefined) return plain;
      const { rank, out, into, a, b, turned } = found;
      const [left, right] = turned ? [b, a] : [a, b];
      const [from, to] = rows ?? [0, turned ? into : out];
      const part = g.floats(left.subarray(from * rank, to * rank), [to - from, rank]);
      // constants on both sides: the session folds them once, when it loads
      const product = g.node('Gemm', [part, g.floats(right, [right.length / rank, rank])], { transB: 1 });
      return g.node('Sub', [plain, product]);
    },

    gather(tensor, indices) {
      const plain = g.gather(tensor, indices);
      const found = factors(tensor);
      if (found === undefined) return plain;
      const { rank, out, into, a, b } = found;
      const rows = g.node('Gather', [g.floats(a, [out, rank]), indices], { axis: 0 }); // [..,r]
      const across = g.node('Transpose', [g.floats(b, [into, rank])], { perm: [1, 0] });
      return g.node('Sub', [plain, g.node('MatMul', [rows, across])]);
    },
  };
}

interface Factors extends LowRank {
  readonly out: number;
  readonly into: number;
  /** The tensor is stored as [in,out], as GPT-2 does. Of a square one the shape does not say. */
  readonly turned: boolean;
}

/** @throws CheckpointError where the factors do not make a matrix of the tensor's shape */
function checked(lowRank: LowRank, name: string, shape: readonly number[]): Factors {
  const { rank, a, b } = lowRank;
  const [out, into] = [a.length / rank, b.length / rank];
  const straight = `${shape}` === `${[out, into]}`;
  if (straight || `${shape}` === `${[into, out]}`) return { ...lowRank, out, into, turned: !straight };
  throw new CheckpointError(`the adapter's factors of ${name} make [${out},${into}]; the base has [${shape}]`);
}
