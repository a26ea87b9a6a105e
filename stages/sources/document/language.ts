/**
 * The language of a tag of whatever notation (de, DE-at, pt_BR, eng), as its ISO 639 code of two letters where there is one, else
 * of three; null where it is none.
 */
export function languageOf(tag: unknown): string | null {
  if (typeof tag !== 'string') return null;
  const told = known.get(tag);
  if (told !== undefined) return told;
  const language = read(tag);
  if (known.size < MOST_KNOWN) known.set(tag, language);
  return language;
}

/** Tags that were read: a crawl has few, and reading one is slow. */
const known = new Map<string, string | null>();
const MOST_KNOWN = 1000;

function read(tag: string): string | null {
  try {
    const { language } = new Intl.Locale(tag.trim().replaceAll('_', '-'));
    return /^[a-z]{2,3}$/.test(language) && language !== 'und' ? language : null;
  } catch {
    return null;
  }
}
