/** XML as events, of a parser that resolves no entity but the five of XML and the characters of HTML. */
import sax from 'sax';
import { Damage } from '../bytes/damage.ts';

export interface XmlHandler {
  /** Names are in lower case and without their prefix; `depth` of the outermost element is 0. */
  open(name: string, attributes: Readonly<Record<string, string>>, depth: number): void;
  /** Of one element it may come in pieces. */
  text(text: string): void;
  close(name: string, depth: number): void;
}

export interface XmlParser {
  /** @throws Damage where the text is no XML that is read */
  write(text: string): void;
  end(): void;
}

/** Deeper elements than these stand in no feed and no sitemap, but in what was made to break parsers. */
const MAX_DEPTH = 64;

/** Unclosed and misplaced tags are put up with, as most feeds with a fault have no worse one. */
export function xmlParser({ open, text, close }: XmlHandler): XmlParser {
  const parser = sax.parser(false, { lowercase: true, trim: false, normalize: false });
  let depth = 0;

  parser.ondoctype = (doctype) => {
    if (/<!ENTITY/i.test(doctype)) throw new Damage('malformed-record', 'it declares entities, which are not read');
  };
  parser.onopentag = ({ name, attributes }) => {
    if (depth === MAX_DEPTH) throw new Damage('malformed-record', `elements lie ${MAX_DEPTH} deep in each other`);
    open(local(name), attributes as Readonly<Record<string, string>>, depth++);
  };
  parser.onclosetag = (name) => close(local(name), --depth);
  parser.ontext = text;
  parser.oncdata = text;
  parser.onerror = (error) => {
    throw new Damage('malformed-record', error.message.split('\n')[0]!);
  };
  return { write: (piece) => void parser.write(piece), end: () => void parser.close() };
}

function local(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1);
}
