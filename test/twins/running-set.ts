/** The running set with every product taken afresh from whole gradients, and every exchange tried. */
type Vector = readonly number[];

const product = (a: Vector, b: Vector) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const sumOf = (vectors: readonly Vector[]) =>
  vectors[0]!.map((_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0));

export function cosine(a: Vector, b: Vector): number {
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

/** cos(S, D) of the members' sum S */
export function explained(members: readonly Vector[], delta: Vector): number {
  return cosine(sumOf(members), delta);
}

/** The place whose member the gradient should replace, or -1 where none raises cos(S, D). */
export function exchangeTwin(members: readonly Vector[], delta: Vector, gradient: Vector): number {
  let best = { place: -1, cosine: explained(members, delta) };
  for (const place of members.keys()) {
    const reached = explained(members.with(place, gradient), delta);
    if (reached > best.cosine) best = { place, cosine: reached };
  }
  return best.place;
}
