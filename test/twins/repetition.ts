/** Repetition counted the slow way: stretches of words as joined text. */

export function naiveTop(words: readonly string[], n: number): number {
  const stretches = words.slice(0, Math.max(0, words.length - n + 1)).map((_, at) => words.slice(at, at + n).join(' '));
  const count = (stretch: string) => stretches.filter((other) => other === stretch).length;
  let top: string | undefined;
  for (const stretch of stretches) if (count(stretch) > Math.max(1, top === undefined ? 1 : count(top))) top = stretch;
  return shareOf(words, n, (at) => stretches[at] === top);
}

export function naiveRepeated(words: readonly string[], n: number): number {
  const stretch = (at: number) => words.slice(at, at + n).join(' ');
  return shareOf(
    words,
    n,
    (at) => at + n <= words.length && words.slice(0, at).some((_, before) => stretch(before) === stretch(at)),
  );
}

/** Characters of words that lie in a stretch which is taken, of those of all words. */
function shareOf(words: readonly string[], n: number, taken: (at: number) => boolean): number {
  const characters = (some: readonly string[]) => some.reduce((sum, word) => sum + word.length, 0);
  const lies = words.map((_, i) =>
    words.slice(0, i + 1).some((_, at) => at > i - n && at + n <= words.length && taken(at)),
  );
  const all = characters(words);
  return all === 0 ? 0 : characters(words.filter((_, i) => lies[i])) / all;
}
