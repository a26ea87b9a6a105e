/** A text as words and lines: what rules about texts count. */

/** Longer texts are judged by so many words from their start. */
const MOST_WORDS = 100_000;

/** Characters that are looked at to see whether a text has spaces between its words. */
const SAMPLE = 2000;

/** Scripts that are written without spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;

const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

/** What stands between white space; of a text in a script without spaces, words by the Unicode standard's annex 29. */
export function wordsOf(text: string, most = MOST_WORDS): readonly string[] {
  const start = text.slice(0, SAMPLE);
  const unspaced = start.match(UNSPACED)?.length ?? 0;
  if (unspaced * 5 < start.length)
    return text
      .trimStart()
      .split(/\s+/, most)
      .filter((word) => word !== '');
  const words: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(text)) {
    if (isWordLike === true) words.push(segment);
    if (words.length === most) break;
  }
  return words;
}

/** Lines that are not blank, without the white space around them. */
export function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** What blank lines stand between. */
export function paragraphsOf(text: string): readonly string[] {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '');
}
