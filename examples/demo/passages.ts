const SHORTEST = 350;
const LONGEST = 650;

/**
 * Cuts running text into passages of about `SHORTEST` to `LONGEST` characters, between sentences where it can; white space is
 * collapsed. What is left at the end is a passage if it is 0.6 `SHORTEST` long.
 */
export function* passages(text: string): Generator<string> {
  const sentences = text
    .replace(/\s+/g, ' ')
    .trim()
    .split(/(?<=[.!?;:]) /);
  let passage = '';
  for (const sentence of sentences) {
    const next = sentence.slice(0, LONGEST);
    if (passage.length + next.length + 1 > LONGEST && passage.length >= SHORTEST) {
      yield passage;
      passage = next;
    } else {
      passage = `${passage} ${next}`.trim();
    }
  }
  if (passage.length >= 0.6 * SHORTEST) yield passage.slice(0, LONGEST);
}
