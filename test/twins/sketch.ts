/** The sketch's definition read literally, entry by entry, from random.ts alone. */
import { random } from '../../stages/math/random.ts';
import type { SketchDefinition } from '../../stages/math/sketch.ts';

export function sketchTwin(matrix: Float64Array, { seed, width, vocabulary, hidden }: SketchDefinition): number[] {
  const draw = random(seed);
  const rowSigns = draw.signs(0, vocabulary);
  const cellSigns = draw.signs(1, 256 * hidden);
  const placeOf = new Map(Array.from(draw.permutation(2, 256 * hidden), (cell, place) => [cell, place]));
  const out = Array.from({ length: width }, () => 0);
  for (let v = 0; v < vocabulary; v++) {
    for (let j = 0; j < hidden; j++) {
      const place = placeOf.get((v % 256) * hidden + j)!;
      out[place % width]! += rowSigns[v]! * cellSigns[place]! * matrix[v * hidden + j]!;
    }
  }
  return out;
}
