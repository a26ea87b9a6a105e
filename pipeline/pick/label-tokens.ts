/** Which tokens a store's gradients are of, where those of a classifier's labels alone count. */

/**
 * @param fields of the store's measurement
 * @returns the labels' tokens; undefined of a language model, and where the softmax runs over the vocabulary
 */
export function labelTokens(fields: Readonly<Record<string, string | number>>): readonly number[] | undefined {
  const { task } = fields;
  if (task === undefined) return undefined;
  const { labels, loss } = JSON.parse(String(task)) as { readonly labels: readonly number[]; readonly loss: string };
  return loss === 'labels' ? labels : undefined;
}
