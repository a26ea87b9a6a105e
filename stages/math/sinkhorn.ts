/**
 * How far two clouds of points lie apart: the debiased Sinkhorn divergence
 *
 *     S(x, y) = OT(x, y) − OT(x, x)/2 − OT(y, y)/2,   cost |xᵢ − yⱼ|²,
 *
 * 0 for equal clouds and positive for others, symmetric, and the squared 2-Wasserstein distance as the regularisation ε goes to 0
 * (Feydy et al., "Interpolating between Optimal Transport and MMD using Sinkhorn Divergences", AISTATS 2019). All points of a
 * cloud weigh the same. Potentials are kept in the log domain, so a small ε underflows nowhere, and both sides move at
 * once, each half-way, so that exchanging the clouds exchanges the potentials and nothing else.
 */
export interface Cloud {
  /** [n,d] row-major */
  readonly points: Float32Array;
  /** d */
  readonly width: number;
}

export interface SinkhornOptions {
  /** ε as a share of the mean cost between the clouds; by default .01 */
  readonly regularisation?: number;
  /** Stops where no potential moves by more than this share of ε; by default 1e-4 */
  readonly tolerance?: number;
  /** By default 2,000 */
  readonly maxIterations?: number;
}

/** The divergence, in the squared unit of the points: its root is a distance. */
export function sinkhorn(x: Cloud, y: Cloud, options: SinkhornOptions = {}): number {
  if (x.width !== y.width) throw new RangeError(`sinkhorn: points of ${x.width} against ${y.width} dimensions`);
  const { regularisation = 0.01 } = options;
  const between = costs(x, y);
  const epsilon = regularisation * (between.values.reduce((sum, cost) => sum + cost, 0) / between.values.length);
  if (!(epsilon > 0)) return 0; // all points are one
  const own = (cloud: Cloud) => transport(costs(cloud, cloud), epsilon, options);
  return transport(between, epsilon, options) - own(x) / 2 - own(y) / 2;
}

interface Costs {
  /** [n,m] */
  readonly values: Float64Array;
  readonly n: number;
  readonly m: number;
}

function costs(x: Cloud, y: Cloud): Costs {
  const { width } = x;
  const [n, m] = [x.points.length / width, y.points.length / width];
  if (!(n >= 1 && m >= 1)) throw new RangeError(`sinkhorn: expected points on both sides, got ${n} and ${m}`);
  const values = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (x.points[i * width + k]! - y.points[j * width + k]!) ** 2;
      values[i * m + j] = sum;
    }
  }
  return { values, n, m };
}

/** OT: the value of the entropic problem by its potentials f [n], g [m], mean f + mean g. ε falls to its value by halves. */
function transport({ values, n, m }: Costs, epsilon: number, options: SinkhornOptions): number {
  const { tolerance = 1e-4, maxIterations = 2000 } = options;
  const f = new Float64Array(n);
  const g = new Float64Array(m);
  let now = Math.max(
    epsilon,
    values.reduce((most, cost) => Math.max(most, cost), 0),
  );
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const newF = softMinima(g, n, (i, j) => values[i * m + j]!, now);
    const newG = softMinima(f, m, (j, i) => values[i * m + j]!, now);
    const moved = Math.max(moveHalfWay(f, newF), moveHalfWay(g, newG));
    if (now > epsilon) now = Math.max(epsilon, now / 2);
    else if (moved <= tolerance * epsilon) break;
  }
  return mean(f) + mean(g);
}

/** −ε log mean_j exp((potential_j − cost(i, j)) / ε) for each i: [n] */
function softMinima(
  potential: Float64Array,
  n: number,
  cost: (i: number, j: number) => number,
  epsilon: number,
): Float64Array {
  const m = potential.length;
  const row = new Float64Array(m);
  return new Float64Array(n).map((_, i) => {
    let largest = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < m; j++) {
      row[j] = (potential[j]! - cost(i, j)) / epsilon;
      if (row[j]! > largest) largest = row[j]!;
    }
    let sum = 0;
    for (let j = 0; j < m; j++) sum += Math.exp(row[j]! - largest);
    return -epsilon * (largest + Math.log(sum / m));
  });
}

/** The largest move. */
function moveHalfWay(values: Float64Array, target: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const step = (target[i]! - values[i]!) / 2;
    values[i]! += step;
    most = Math.max(most, Math.abs(step));
  }
  return most;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
