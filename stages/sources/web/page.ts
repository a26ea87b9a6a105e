/** A page as served, to its text and what it says of itself. */
import { type CrawledDocument, Drop, Reject } from '../../../pipeline/contract.ts';
import { languageOf } from '../document/language.ts';
import { decodeText } from './charset.ts';
import { type HtmlOptions, type HtmlPage, readHtml } from './html.ts';

const TEXT_TYPES = new Set(['text/html', 'application/xhtml+xml', 'text/plain']);

/** A start that the WHATWG MIME Sniffing standard takes for HTML. */
const LOOKS_LIKE_HTML =
  /^\s*<(!doctype html|html|head|body|script|iframe|h1|div|font|table|a|style|title|b|br|p|!--|\?xml)[\s>]/i;

/** Bytes in which a page declares its encoding. */
const PRESCAN = 4096;

export type Page = Required<Pick<CrawledDocument, 'text' | 'canonicalUrl' | 'title' | 'language' | 'extraction'>>;

export interface PageOptions {
  /** The Content-Type, with its parameters; where there is none, the bytes are looked at. */
  readonly type: string | undefined;
  /** What its links are relative to. */
  readonly url: string | null;
  /** What the server says of its language. */
  readonly language?: string | undefined;
  readonly keep: HtmlOptions['keep'];
}

/** Whether what is served with this Content-Type, or with none, may be a page. */
export function mayBeText(type: string | undefined): boolean {
  const served = mimeOf(type);
  return served === '' || TEXT_TYPES.has(served);
}

function mimeOf(type: string | undefined): string {
  return type?.split(/[;,]/)[0]?.trim().toLowerCase() ?? '';
}

/** `bodyOf` is called for what may be text only. */
export function pageOf(
  { type, url, language, keep }: PageOptions,
  bodyOf: () => Buffer | Reject,
): Page | Reject | Drop {
  if (!mayBeText(type)) return new Drop('not-text');
  const served = mimeOf(type);
  const body = bodyOf();
  if (body instanceof Reject) return body;
  if (body.length === 0) return new Drop('empty');

  const start = body.toString('latin1', 0, PRESCAN);
  const mime = served === '' && LOOKS_LIKE_HTML.test(start) ? 'text/html' : served;
  if (mime === '') return new Drop('not-text');
  const charset = /;\s*charset\s*=\s*["']?([^\s"',;]+)/i.exec(type ?? '')?.[1];
  const source = decodeText(body, [charset, mime === 'text/plain' ? undefined : declaredIn(start)]);
  if (source === undefined) return new Reject('undecodable-text', `served as ${mime}, but it is not text`);

  const page =
    mime === 'text/plain'
      ? { text: source, title: null, canonicalUrl: null, language: languageOf(language), extraction: 'plain' as const }
      : htmlPage(source, { keep, xml: mime !== 'text/html' }, url, language);
  return !(page instanceof Reject) && page.text.trim() === '' ? new Drop('empty') : page;
}

function htmlPage(html: string, options: HtmlOptions, url: string | null, served: string | undefined): Page | Reject {
  let page: HtmlPage;
  try {
    page = readHtml(html, options);
  } catch (error) {
    return new Reject('unparsable-html', (error as Error).message);
  }
  const { text, title, canonical, base, language, kept } = page;
  return {
    text,
    title,
    canonicalUrl: canonical === null ? null : addressOf(canonical, base, url),
    language: languageOf(language) ?? languageOf(served),
    extraction: kept === 'main' ? 'html-main' : 'html-all',
  };
}

/** Absolute and without its fragment; null where it is no address of a page. */
function addressOf(href: string, base: string | null, url: string | null): string | null {
  const from = URL.parse(base ?? '', url ?? undefined)?.href ?? url ?? undefined;
  const address = URL.parse(href.trim(), from);
  if (address === null || !/^https?:$/.test(address.protocol)) return null;
  address.hash = '';
  return address.href;
}

/** The encoding that a page says it has, in an XML declaration or a meta element; comments are passed over. */
function declaredIn(start: string): string | undefined {
  const xml = /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']+)/i.exec(start)?.[1];
  return xml ?? /<meta\s[^>]*?charset\s*=\s*["']?\s*([^\s"'/>;]+)/i.exec(start.replace(/<!--.*?-->/gs, ''))?.[1];
}
