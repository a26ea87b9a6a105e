/**
 * Text of a crawl on one line of a terminal: white space becomes single blanks, and control characters, which could move
 * the cursor or rename the window, and characters that turn the writing direction become U+FFFD.
 */
export function printable(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '\ufffd');
}
