/** The entries of a sitemap (sitemaps.org), as they come: of pages, or of other sitemaps. */
import { TextDecoder } from 'node:util';
import { Damage } from '../bytes/damage.ts';
import { xmlParser } from './xml.ts';

export interface SitemapEntry {
  readonly kind: 'page' | 'sitemap';
  readonly address: string;
  /** As it stands there. */
  readonly changed: string | undefined;
}

/** By the protocol: bytes once unpacked, and entries, of one sitemap. */
const MAX_BYTES = 50 << 20;
const MAX_ENTRIES = 50_000;
/** Characters of an address; longer ones are passed over. */
const MAX_ADDRESS = 2048;

/**
 * @throws Damage where it is no sitemap, or larger than the protocol allows: what is before has been yielded
 */
export async function* sitemapEntries(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<SitemapEntry> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let entries = 0;
  let read: Reader | undefined;
  for await (const chunk of withEnd(chunks)) {
    bytes += chunk?.length ?? 0;
    if (bytes > MAX_BYTES) throw new Damage('too-large', `the sitemap has more than ${MAX_BYTES} bytes`);
    const text = decoder.decode(chunk, { stream: chunk !== undefined });
    read ??= text.trimStart().startsWith('<') || text.trim() === '' ? xmlReader() : lineReader();
    for (const entry of read(text, chunk === undefined)) {
      if (++entries > MAX_ENTRIES) throw new Damage('too-large', `the sitemap has more than ${MAX_ENTRIES} entries`);
      if (entry.address !== '' && entry.address.length <= MAX_ADDRESS) yield entry;
    }
  }
}

/** The entries that are whole with this piece. */
type Reader = (piece: string, last: boolean) => readonly SitemapEntry[];

async function* withEnd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | undefined> {
  yield* chunks;
  yield undefined;
}

/** One address a line. */
function lineReader(): Reader {
  let rest = '';
  return (piece, last) => {
    const lines = (rest + piece).split(/\r?\n/);
    rest = last ? '' : lines.pop()!.slice(0, 2 * MAX_ADDRESS);
    return lines.map((line) => ({ kind: 'page', address: line.trim(), changed: undefined }));
  };
}

const ENTRY: Readonly<Record<string, SitemapEntry['kind']>> = { url: 'page', sitemap: 'sitemap' };

function xmlReader(): Reader {
  let entries: SitemapEntry[] = [];
  let field: 'loc' | 'lastmod' | undefined;
  let fields = { loc: '', lastmod: '' };
  let isSitemap = false;

  const parser = xmlParser({
    open(name, _, depth) {
      if (depth === 0) isSitemap = name === 'urlset' || name === 'sitemapindex';
      if (depth === 1) fields = { loc: '', lastmod: '' };
      field = depth === 2 && (name === 'loc' || name === 'lastmod') ? name : undefined;
      if (!isSitemap)
        throw new Damage('malformed-record', `it is no sitemap: its first element is ${name.slice(0, 80)}`);
    },
    text(piece) {
      if (field !== undefined && fields[field].length <= MAX_ADDRESS) fields[field] += piece;
    },
    close(name, depth) {
      field = undefined;
      const kind = depth === 1 && Object.hasOwn(ENTRY, name) ? ENTRY[name] : undefined;
      if (kind !== undefined)
        entries.push({ kind, address: fields.loc.trim(), changed: fields.lastmod.trim() || undefined });
    },
  });

  return (piece, last) => {
    parser.write(piece);
    if (last) parser.end();
    if (last && !isSitemap) throw new Damage('malformed-record', 'it is no sitemap');
    const whole = entries;
    entries = [];
    return whole;
  };
}
