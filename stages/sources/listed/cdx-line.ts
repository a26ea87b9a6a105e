/** Lines of a CDX or CDXJ index (pywb, Common Crawl, wayback machines). */
import type { Hit } from './hit.ts';

/** The letters of the fields, where a first line does not say: the format with eleven. */
const FIELDS = 'N b a m s k r M S V g'.split(' ');

/** The letters in a first line; undefined where it is a record. */
export function cdxFields(line: string): readonly string[] | undefined {
  const [, letters] = /^.?CDX((?: \S)+)\s*$/.exec(line) ?? [];
  return letters?.trim().split(' ');
}

/** What a line says; in words what is wrong with it, where it says nothing of the kind. */
export function cdxHit(line: string, fields: readonly string[] = FIELDS): Hit | string {
  return /^\S+ \S+ \{/.test(line) ? jsonHit(line.slice(line.indexOf('{'))) : plainHit(line, fields);
}

function plainHit(line: string, fields: readonly string[]): Hit | string {
  const values = line.trim().split(' ');
  if (values.length !== fields.length)
    return `expected the ${fields.length} fields ${fields.join(' ')}, got ${values.length}`;
  const of = (letter: string) => {
    const value = values[fields.indexOf(letter)];
    return value === '-' ? undefined : value;
  };
  return hit({ filename: of('g'), offset: of('V'), length: of('S'), url: of('a'), mime: of('m'), status: of('s') });
}

function jsonHit(json: string): Hit | string {
  try {
    return hit(JSON.parse(json) as Readonly<Record<string, unknown>>);
  } catch (error) {
    return (error as Error).message;
  }
}

function hit(said: Readonly<Record<string, unknown>>): Hit | string {
  const { filename, url, status, languages } = said;
  const [offset, length] = [numberIn(said['offset']), numberIn(said['length'])];
  if (typeof filename !== 'string' || filename === '') return 'it names no file';
  if (offset === undefined) return `its offset is ${JSON.stringify(said['offset'])}`;
  const mime = said['mime-detected'] ?? said['mime'];
  return {
    file: filename,
    offset,
    length: length ?? null,
    url: typeof url === 'string' ? url : '',
    mime: typeof mime === 'string' ? mime.toLowerCase() : '',
    status: numberIn(status) ?? null,
    languages: typeof languages === 'string' ? languages.split(',') : [],
  };
}

function numberIn(value: unknown): number | undefined {
  return /^\d{1,15}$/.test(String(value)) ? Number(value) : undefined;
}
