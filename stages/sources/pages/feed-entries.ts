/** The entries of a feed: RSS 0.9 to 2.0, Atom (RFC 4287), JSON Feed (jsonfeed.org). */
import { Damage } from '../bytes/damage.ts';
import { xmlParser } from './xml.ts';

export interface Entry {
  /** What the feed knows it by: its guid or id, else its address. */
  readonly id: string;
  /** As it stands there; may be relative. */
  readonly link: string;
  readonly title: string | undefined;
  /** When it was last changed, else when it was published, as it stands there. */
  readonly date: string | undefined;
  /** The longest of the texts it has, and whether that is HTML. */
  readonly content: { readonly text: string; readonly html: boolean } | undefined;
}

/** Entries of one feed that are read. */
const MAX_ENTRIES = 10_000;

/** @throws Damage where it is none of these */
export function feedEntries(feed: string): readonly Entry[] {
  const entries = /^\s*\{/.test(feed) ? jsonEntries(feed) : xmlEntries(feed);
  return entries.slice(0, MAX_ENTRIES).filter(({ link }) => link !== '');
}

const ITEMS = new Set(['item', 'entry']);
const FEEDS = new Set(['rss', 'rdf', 'feed']);
const CONTENTS = new Set(['encoded', 'content', 'description', 'summary']);
const TEXTS = new Set([
  'title',
  'link',
  'guid',
  'id',
  'pubdate',
  'date',
  'published',
  'updated',
  'modified',
  ...CONTENTS,
]);

function xmlEntries(feed: string): readonly Entry[] {
  const entries: Entry[] = [];
  let found: Map<string, string> | undefined;
  let itemDepth = 0;
  let isFeed = false;
  let field: string | undefined;
  let text = '';

  function keep(name: string, value: string): void {
    const before = found?.get(name) ?? '';
    if (value.trim() !== '' && (before === '' || (CONTENTS.has(name) && value.length > before.length))) {
      found?.set(name, value);
    }
  }

  const parser = xmlParser({
    open(name, attributes, depth) {
      isFeed ||= FEEDS.has(name);
      if (ITEMS.has(name) && found === undefined) {
        found = new Map([['about', attributes['rdf:about'] ?? '']]);
        itemDepth = depth;
      } else if (found !== undefined && depth === itemDepth + 1) {
        const { href, rel = 'alternate', type = 'html' } = attributes;
        if (name === 'link' && href !== undefined && rel === 'alternate') keep('link', href);
        if (name === 'content' && (type === 'text' || type === 'text/plain')) found.set('plain', '1');
        field = TEXTS.has(name) ? name : undefined;
        text = '';
      }
    },
    text: (piece) => {
      if (field !== undefined) text += piece;
    },
    close(name, depth) {
      if (found === undefined) return;
      if (depth === itemDepth + 1 && field !== undefined) {
        keep(field, text);
        field = undefined;
      } else if (depth === itemDepth && ITEMS.has(name)) {
        entries.push(entryOf(found));
        found = undefined;
      }
    },
  });
  parser.write(feed);
  parser.end();
  if (!isFeed) throw new Damage('malformed-record', 'it is no RSS, Atom or JSON feed');
  return entries;
}

function entryOf(found: ReadonlyMap<string, string>): Entry {
  const of = (...names: string[]) => names.map((name) => found.get(name)?.trim()).find((value) => value);
  const link = of('link') ?? linkIn(of('guid', 'id')) ?? of('about') ?? '';
  const contents = [...CONTENTS].flatMap((name) => (found.has(name) ? [{ name, text: found.get(name)! }] : []));
  const longest = contents.sort((a, b) => b.text.length - a.text.length)[0];
  return {
    id: of('guid', 'id', 'about') ?? link,
    link,
    title: of('title'),
    date: of('updated', 'modified', 'date', 'pubdate', 'published'),
    content: longest && { text: longest.text, html: !(longest.name === 'content' && found.has('plain')) },
  };
}

/** A guid is an address unless it says that it is none, and often also then. */
function linkIn(id: string | undefined): string | undefined {
  return id !== undefined && /^https?:/i.test(id) ? id : undefined;
}

interface JsonFeed {
  readonly version?: unknown;
  readonly items?: unknown;
}

function jsonEntries(feed: string): readonly Entry[] {
  let parsed: JsonFeed;
  try {
    parsed = JSON.parse(feed) as JsonFeed;
  } catch (error) {
    throw new Damage('malformed-record', (error as Error).message);
  }
  if (!Array.isArray(parsed.items)) throw new Damage('malformed-record', 'it is JSON without a list of items');
  return (parsed.items as readonly Readonly<Record<string, unknown>>[]).map((item) => {
    const of = (...names: string[]) => {
      const value = names.map((name) => item?.[name]).find((one) => typeof one === 'string' || typeof one === 'number');
      return value === undefined ? undefined : String(value);
    };
    const [html, plain] = [of('content_html'), of('content_text')];
    const link = of('url', 'external_url') ?? linkIn(of('id')) ?? '';
    return {
      id: of('id') ?? link,
      link,
      title: of('title'),
      date: of('date_modified', 'date_published'),
      content: html !== undefined ? { text: html, html: true } : plain && { text: plain, html: false },
    } as Entry;
  });
}
