/** The frame of a run: how many windows B and tokens T came, and what follows from it alone. */
import type { Graph } from './onnx.ts';

/** Added to a score that must not count; finite, as WGSL promises nothing about infinities. */
const MASKED = -1e30;

export interface Frame {
  /** [1]: T */
  readonly tokens: string;
  /** The first T rows of a table of at least T rows. */
  firstRows(table: string): string;
  /** Rows [N,x] as [B,T,...rest]. */
  unfold(rows: string, rest: readonly number[]): string;
  /**
   * What is added to attention scores [..,T,T]: 0 where query i may see key j, that is j <= i, and within a sliding window
   * j > i − window; a large negative number elsewhere.
   */
  mask(window: number | undefined): string;
}

/** @param ids [B,T] */
export function frameOf(g: Graph, ids: string): Frame {
  const grid = g.node('Shape', [ids]);
  const tokens = g.node('Gather', [grid, g.ints([1])], { axis: 0 });
  const known = new Map<string, string>();

  function once(identity: string, make: () => string): string {
    const value = known.get(identity) ?? make();
    known.set(identity, value);
    return value;
  }

  const positions = () =>
    once('positions', () => {
      const scalar = g.node('Squeeze', [tokens, g.ints([0])]);
      return g.node('Range', [g.ints([0], []), scalar, g.ints([1], [])]);
    });

  return {
    tokens,

    firstRows: (table) => g.node('Slice', [table, g.ints([0]), tokens, g.ints([0])]),

    unfold(rows, rest) {
      const shape = once(`shape ${rest}`, () => g.node('Concat', [grid, g.ints(rest)], { axis: 0 }));
      return g.node('Reshape', [rows, shape]);
    },

    mask: (window) =>
      once(`mask ${window}`, () => {
        const query = g.node('Unsqueeze', [positions(), g.ints([1])]); // [T,1]
        const key = g.node('Unsqueeze', [positions(), g.ints([0])]); // [1,T]
        const past = g.node('LessOrEqual', [key, query]);
        const near =
          window === undefined ? past : g.node('Greater', [key, g.node('Sub', [query, g.ints([window], [])])]);
        const seen = window === undefined ? past : g.node('And', [past, near]);
        return g.node('Where', [seen, g.floats([0], []), g.floats([MASKED], [])]);
      }),
  };
}
