/** A graph in which heads have the rows of some tokens only: what is computed of a head is then computed over those. */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import type { HeadDelta } from './delta-terms.ts';
import type { Graph } from './onnx.ts';

export interface LabelRows {
  /** To be used with the tensors that `restrict` gives. */
  readonly graph: Graph;
  /** The head [V,d] as one of [L,d], its rows in the order of the tokens. */
  restrict(head: LocalTensor): LocalTensor;
}

/** @param tokens ids of the rows that stay */
export function labelRows(g: Graph, tokens: readonly number[]): LabelRows {
  const heads = new Map<LocalTensor, LocalTensor>();
  const picked = new Map<LocalTensor, string>();

  /** The rows [L,d] of a restricted head: constants, so that the session picks them once, when it loads. */
  function rowsOf(restricted: LocalTensor): string | undefined {
    const head = heads.get(restricted);
    if (head === undefined) return undefined;
    const rows = picked.get(restricted) ?? g.gather(head, g.ints(tokens));
    picked.set(restricted, rows);
    return rows;
  }

  function slice(rows: string, range: readonly [number, number] | undefined): string {
    if (range === undefined || (range[0] === 0 && range[1] === tokens.length)) return rows;
    return g.node('Slice', [rows, g.ints([range[0]]), g.ints([range[1]]), g.ints([0])]);
  }

  const graph: Graph = {
    ...g,

    product(x, matrix, bias) {
      const rows = rowsOf(matrix.tensor);
      if (rows === undefined) return g.product(x, matrix, bias);
      const less = matrix.less === undefined ? undefined : rowsOf(matrix.less);
      const whole = less === undefined ? rows : g.node('Sub', [rows, less]);
      return g.node('Gemm', [x, slice(whole, matrix.rows)], { transB: 1 });
    },

    weight(tensor, range) {
      const rows = rowsOf(tensor);
      return rows === undefined ? g.weight(tensor, range) : slice(rows, range);
    },

    gather(tensor, indices) {
      const rows = rowsOf(tensor);
      return rows === undefined ? g.gather(tensor, indices) : g.node('Gather', [rows, indices], { axis: 0 });
    },
  };

  return {
    graph,

    restrict(head) {
      const restricted = { ...head, shape: [tokens.length, ...head.shape.slice(1)] };
      heads.set(restricted, head);
      return restricted;
    },
  };
}

/** D of the labels' rows alone. */
export function restrictedDelta(
  delta: HeadDelta,
  restrict: (head: LocalTensor) => LocalTensor,
  labels: readonly number[] | undefined,
): HeadDelta {
  if (labels === undefined || delta.kind === 'none') return delta;
  if (delta.kind === 'full') return { kind: 'full', tuned: restrict(delta.tuned), shared: labels.length };
  const { a, rank } = delta;
  const rows = Float32Array.from({ length: labels.length * rank }, (_, at) => {
    return a[labels[Math.floor(at / rank)]! * rank + (at % rank)]!;
  });
  return { ...delta, a: rows };
}
