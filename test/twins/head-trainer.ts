/** Loss and gradient of a head, position by position in float64. */
import type { Positions } from '../../stages/graph/head-trainer.ts';

export function headTwin(head: Float32Array, { hidden, targets }: Positions, weights: Float32Array) {
  const width = hidden.length / targets.length;
  const rows = head.length / width;
  const gradient = new Float64Array(head.length);
  const loss: number[] = [];
  const likeliest: number[] = [];
  for (const [t, target] of targets.entries()) {
    const h = hidden.subarray(t * width, (t + 1) * width);
    const logits = Array.from({ length: rows }, (_, row) =>
      h.reduce((sum, value, j) => sum + value * head[row * width + j]!, 0),
    );
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    loss.push(Math.log(total) - logits[target]!);
    likeliest.push(logits.indexOf(Math.max(...logits)));
    for (const [row, logit] of logits.entries()) {
      const error = weights[t]! * (Math.exp(logit) / total - (row === target ? 1 : 0));
      for (let j = 0; j < width; j++) gradient[row * width + j]! += error * h[j]!;
    }
  }
  return { gradient, loss, likeliest };
}
