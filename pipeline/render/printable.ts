/** Text of a crawl for the terminal, which it must not steer: no control characters, none that turn the writing direction. */
const STEERING = /[\p{Cc}\p{Bidi_Control}]/gu;

/** On one line: white space becomes single blanks. */
export function printable(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(STEERING, '\ufffd');
}

/** With its lines. */
export function printableLines(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(STEERING, (character) => (/[\n\t]/.test(character) ? character : '\ufffd'));
}
