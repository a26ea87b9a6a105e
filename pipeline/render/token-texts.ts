/**
 * The text that each token adds, such that together they give what `decode` makes of all: a character whose bytes are spread
 * over several tokens is the last one's.
 */
export function tokenTexts(ids: Int32Array, decode: (ids: Int32Array) => string): readonly string[] {
  let said = '';
  return Array.from(ids, (_, i) => {
    const whole = decode(ids.subarray(0, i + 1));
    // a broken character at the end may be mended by the next token
    const sure = i === ids.length - 1 ? whole : whole.replace(/\ufffd+$/, '');
    if (!sure.startsWith(said)) return '';
    const added = sure.slice(said.length);
    said = sure;
    return added;
  });
}
