/** What follows from the token alignments that a message holds. */

/** Tokens that are thought to pull both ways, beside those of every window. */
const NEUTRAL = 4;

/**
 * How much of what a window's tokens pull, each for itself, is left when they pull together:
 *
 *     Σ aₜ / Σ |aₜ| · T / (T + 4),  aₜ the token's part of ⟨G, D⟩
 *
 * in (-1, 1). A text that was learned gains at nearly all of its tokens, a foreign one at some and loses at others; neither the length of
 * the gradient nor a few large tokens count. The last factor keeps windows of a few tokens from the ends of the range: it is what four
 * tokens more would leave, two of them against the other two, each as large as the mean of the others.
 *
 * @param tokens [T] the parts, or estimates of them
 * @param alignment their sum, where it is known better
 */
export function consistencyOf(
  tokens: ArrayLike<number>,
  alignment = Array.from(tokens).reduce((sum, part) => sum + part, 0),
): number {
  let pulls = 0;
  for (let t = 0; t < tokens.length; t++) pulls += Math.abs(tokens[t]!);
  return pulls === 0 ? 0 : ((alignment / pulls) * tokens.length) / (tokens.length + NEUTRAL);
}
