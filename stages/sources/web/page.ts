/** A page as served, to its text and what it says of itself. */
import { type Awaitable, type CrawledDocument, Drop, Reject } from '../../../pipeline/contract.ts';
import { languageOf } from '../document/language.ts';
import { decodeText } from './charset.ts';
import { type Extraction, htmlThreads } from './extract.ts';
import type { HtmlOptions } from './html.ts';

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
  readonly extraction: Extraction;
}

/** Whether what is served with this Content-Type, or with none, may be a page. */
export function mayBeText(type: string | undefined): boolean {
  const served = mimeOf(type);
  return served === '' || TEXT_TYPES.has(served);
}

function mimeOf(type: string | undefined): string {
  return type?.split(/[;,]/)[0]?.trim().toLowerCase() ?? '';
}

/** `bodyOf` is called for what may be text only. HTML is read in another thread, all else at once. */
export function pageOf(
  { type, url, language, extraction }: PageOptions,
  bodyOf: () => Buffer | Reject,
): Awaitable<Page | Reject | Drop> {
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

  if (mime === 'text/plain') {
    const plain = {
      text: source,
      title: null,
      canonicalUrl: null,
      language: languageOf(language),
      extraction: 'plain',
    };
    return kept(plain as Page);
  }
  const { keep, threads } = extraction;
  return htmlPage(source, { keep, xml: mime !== 'text/html' }, threads, { url, language });
}

function kept(page: Page): Page | Drop {
  return page.text.trim() === '' ? new Drop('empty') : page;
}

async function htmlPage(
  html: string,
  options: HtmlOptions,
  threads: number,
  served: Pick<PageOptions, 'url' | 'language'>,
): Promise<Page | Reject | Drop> {
  const page = await htmlThreads(threads).read(html, options);
  if (page instanceof Reject) return page;
  const { text, title, canonical, base, language } = page;
  return kept({
    text,
    title,
    canonicalUrl: canonical === null ? null : addressOf(canonical, base, served.url),
    language: languageOf(language) ?? languageOf(served.language),
    extraction: page.kept === 'main' ? 'html-main' : 'html-all',
  });
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
