/**
 * The sketch of a gradient G [V,d]: a linear map P to k numbers with E⟨PG, PH⟩ = ⟨G, H⟩ over its seeds.
 *
 * Row v goes to bucket v mod 256 with a sign of its own, which leaves a grid [256,d]; the grid's cells are put into a fixed random
 * order, given signs, and folded: the cell at place p is added to number p mod k. A vocabulary is sorted by frequency, so
 * neighbours, which are about as heavy as each other, never share a bucket; and as P = softmax(...) [T,V] meets the buckets before
 * it meets the hidden states, G itself is never formed (project.ts).
 *
 * ⟨PG, PH⟩ has the variance Σ ⟨Gᵥ, Hᵤ⟩² + ⟨Gᵥ, Hᵤ⟩⟨Gᵤ, Hᵥ⟩ over the pairs v ≠ u of a bucket from the first step, and, for grids
 * x and y, ρ Σ xᵢ²yⱼ² + xᵢyᵢxⱼyⱼ over cells i ≠ j from the second, ρ ≈ 1/k the chance of a common number.
 */
import { random } from './random.ts';

export interface SketchDefinition {
  readonly kind: 'bucket';
  readonly seed: number;
  /** k */
  readonly width: number;
  /** V of the base */
  readonly vocabulary: number;
  /** d */
  readonly hidden: number;
}

export interface Sketch {
  readonly definition: SketchDefinition;
  /** [V] the sign of each row */
  readonly rowSigns: Int8Array;
  /** [m·k] the cell b·d + j of the grid that stands at each place; m = ⌈256 d / k⌉, and cell 0 where the last fold has no more */
  readonly cells: Uint32Array;
  /** [m·k] the sign of each place, 0 where there is no cell */
  readonly cellSigns: Int8Array;
  /** PG of a matrix whose rows come in blocks. */
  accumulate(): SketchSum;
}

export interface SketchSum {
  /** Rows `from`, `from + 1`, ... of the matrix, [n,d]. */
  add(from: number, rows: Float32Array | Float64Array): void;
  /** [k] the sketch of all rows added; the others count as 0 */
  finish(): Float32Array;
}

export const BUCKETS = 256;

/** The stream of random.ts that each part of the map is drawn from. */
const STREAM = { rowSigns: 0, cellSigns: 1, cells: 2 } as const;

export function sketch(definition: SketchDefinition): Sketch {
  const { seed, width, vocabulary, hidden } = definition;
  for (const [name, value] of Object.entries({ width, vocabulary, hidden })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`sketch: expected a ${name} of at least 1, got ${value}`);
  }
  const draw = random(seed);
  const grid = BUCKETS * hidden;
  const places = Math.ceil(grid / width) * width;
  const rowSigns = draw.signs(STREAM.rowSigns, vocabulary);
  const cells = padded(new Uint32Array(places), draw.permutation(STREAM.cells, grid));
  const cellSigns = padded(new Int8Array(places), draw.signs(STREAM.cellSigns, grid));

  return {
    definition,
    rowSigns,
    cells,
    cellSigns,

    accumulate() {
      const sums = new Float64Array(grid);
      return {
        add(from, rows) {
          const n = rows.length / hidden;
          if (!Number.isInteger(n) || from < 0 || from + n > vocabulary) {
            throw new RangeError(`sketch: rows ${from} to ${from + n} of a matrix [${vocabulary},${hidden}]`);
          }
          for (let row = 0; row < n; row++) {
            const sign = rowSigns[from + row]!;
            const bucket = ((from + row) % BUCKETS) * hidden;
            for (let j = 0; j < hidden; j++) sums[bucket + j]! += sign * rows[row * hidden + j]!;
          }
        },

        finish() {
          const folded = new Float64Array(width);
          for (let place = 0; place < places; place++)
            folded[place % width]! += cellSigns[place]! * sums[cells[place]!]!;
          return Float32Array.from(folded);
        },
      };
    },
  };
}

function padded<T extends Uint32Array | Int8Array>(whole: T, values: T): T {
  whole.set(values);
  return whole;
}
