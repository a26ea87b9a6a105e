/** Attributes of one element that are read: pages have some dozens; the tokenizer takes seconds for a million. */
const MAX_ATTRIBUTES = 10_000;

/** Shorter tags hold too few to matter. */
const LONG = 2 * MAX_ATTRIBUTES;

/** Whether a tag has more attributes than any page does. Long values, as of a picture in the page itself, are no matter. */
export function hasAttributeBomb(html: string): boolean {
  if (html.length < LONG) return false;
  for (let open = html.indexOf('<'); open !== -1; ) {
    const close = html.indexOf('>', open);
    const end = close === -1 ? html.length : close;
    if (end - open > LONG && attributesIn(html.slice(open, end)) > MAX_ATTRIBUTES) return true;
    open = close === -1 ? -1 : html.indexOf('<', close);
  }
  return false;
}

function attributesIn(tag: string): number {
  if (!/^<[a-z]/i.test(tag)) return 0;
  let names = 0;
  for (const _ of tag.replace(/"[^"]*"|'[^']*'/g, '').matchAll(/[^\s/]+/g)) if (++names > MAX_ATTRIBUTES) break;
  return names;
}
