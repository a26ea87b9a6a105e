/** The head's gradient in float64, materialised: what the graph's tail computes without ever forming it. */

export interface HeadCase {
  /** W0 [V,d], W1 [V1,d]: row-major */
  readonly base: Float64Array;
  readonly tuned: Float64Array;
  readonly width: number;
  /** rows that both share */
  readonly shared: number;
  /** hidden states of the scored positions [n,d] and the tokens predicted there [n] */
  readonly hidden: Float64Array;
  readonly targets: readonly number[];
}

export interface HeadTruth {
  readonly loss: number;
  readonly lossTunedHead: number;
  readonly alignment: number;
  readonly tokenAlignment: readonly number[];
  readonly gradientNorm: number;
  /** G [V,d] */
  readonly gradient: Float64Array;
}

/** Mean over the n positions; D is zero on rows that are not shared. */
export function headTruth({ base, tuned, width, shared, hidden, targets }: HeadCase): HeadTruth {
  const n = targets.length;
  const V = base.length / width;
  const gradient = new Float64Array(base.length);
  const tokenAlignment: number[] = [];
  let loss = 0;
  let lossTunedHead = 0;
  for (let t = 0; t < n; t++) {
    const h = hidden.subarray(t * width, (t + 1) * width);
    const y = targets[t]!;
    const { p, logits, lse } = softmaxOf(base, h, width);
    const tunedSide = softmaxOf(tuned, h, width);
    loss += (lse - logits[y]!) / n;
    lossTunedHead += (y < shared ? tunedSide.lse - tunedSide.logits[y]! : withOwnRow(tunedSide.lse, logits[y]!)) / n;
    let aligned = 0;
    for (let v = 0; v < V; v++) {
      const e = (p[v]! - (v === y ? 1 : 0)) / n;
      for (let i = 0; i < width; i++) {
        gradient[v * width + i]! += e * h[i]!;
        if (v < shared) aligned += e * h[i]! * (base[v * width + i]! - tuned[v * width + i]!);
      }
    }
    tokenAlignment.push(aligned);
  }
  return {
    loss,
    lossTunedHead,
    alignment: tokenAlignment.reduce((sum, value) => sum + value, 0),
    tokenAlignment,
    gradientNorm: Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0)),
    gradient,
  };
}

/** The loss of a token that the tuned side lacks: it keeps the base's row. */
function withOwnRow(lse: number, logit: number): number {
  return Math.log(Math.exp(lse) + Math.exp(logit)) - logit;
}

function softmaxOf(head: Float64Array, h: Float64Array, width: number) {
  const logits = Array.from({ length: head.length / width }, (_, v) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += head[v * width + i]! * h[i]!;
    return sum;
  });
  const largest = Math.max(...logits);
  const lse = largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
  return { logits, lse, p: logits.map((logit) => Math.exp(logit - lse)) };
}
