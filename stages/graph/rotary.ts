/** Turns queries and keys by their positions, from tables of cosines and sines. */
import type { Frame } from './frame.ts';
import type { Graph } from './onnx.ts';
import type { Rope } from './rope.ts';

/** Heads [B,T,H,Dₕ] with each pair (i, i + half) turned by its angle at t; components from 2 · half on stay as they are. */
export type Rotate = (heads: string) => string;

/** @param maxTokens rows of the tables: no more tokens may come */
export function rotation(g: Graph, frame: Frame, rope: Rope, headWidth: number, maxTokens: number): Rotate {
  const half = rope.frequencies.length;
  const rest = headWidth - 2 * half;
  const widths = g.ints(rest === 0 ? [half, half] : [half, half, rest]);
  const [cos, sin] = [Math.cos, Math.sin].map((wave) => {
    const table = g.floats(waves(rope, maxTokens, wave), [maxTokens, 1, half]);
    return frame.firstRows(table); // [T,1,half]
  }) as [string, string];

  return (heads) => {
    const [a, b, ...still] = g.nodes('Split', [heads, widths], rest === 0 ? 2 : 3, { axis: 3 });
    const turn = (op: string, first: string, second: string) =>
      g.node(op, [g.node('Mul', [first, cos]), g.node('Mul', [second, sin])]);
    return g.node('Concat', [turn('Sub', a!, b!), turn('Add', b!, a!), ...still], { axis: 3 });
  };
}

/** [maxTokens,half]: the angle is rounded to float32 as transformers computes it, its wave is exact. */
function waves({ frequencies, magnitude }: Rope, maxTokens: number, wave: (angle: number) => number): Float32Array {
  const half = frequencies.length;
  return Float32Array.from({ length: maxTokens * half }, (_, at) => {
    const angle = Math.fround(Math.floor(at / half) * frequencies[at % half]!);
    return magnitude * wave(angle);
  });
}
