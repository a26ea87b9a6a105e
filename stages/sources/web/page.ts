/** A page as served, to its text. */
import { Drop, Reject } from '../../../pipeline/contract.ts';
import { decodeText } from './charset.ts';
import { type HtmlOptions, htmlToText } from './html.ts';

const TEXT_TYPES = new Set(['text/html', 'application/xhtml+xml', 'text/plain']);

/** A start that the WHATWG MIME Sniffing standard takes for HTML. */
const LOOKS_LIKE_HTML =
  /^\s*<(!doctype html|html|head|body|script|iframe|h1|div|font|table|a|style|title|b|br|p|!--|\?xml)[\s>]/i;

/** Bytes in which a page declares its encoding. */
const PRESCAN = 4096;

/**
 * `type`: the Content-Type, with its parameters; where there is none, the bytes are looked at. `bodyOf` is called for what may
 * be text only.
 */
export function pageText(
  type: string | undefined,
  bodyOf: () => Buffer | Reject,
  keep: HtmlOptions['keep'],
): string | Reject | Drop {
  const served = type?.split(/[;,]/)[0]?.trim().toLowerCase() ?? '';
  if (served !== '' && !TEXT_TYPES.has(served)) return new Drop('not-text');
  const body = bodyOf();
  if (body instanceof Reject) return body;
  if (body.length === 0) return new Drop('empty');

  const start = body.toString('latin1', 0, PRESCAN);
  const mime = served === '' && LOOKS_LIKE_HTML.test(start) ? 'text/html' : served;
  if (mime === '') return new Drop('not-text');
  const charset = /;\s*charset\s*=\s*["']?([^\s"',;]+)/i.exec(type ?? '')?.[1];
  const source = decodeText(body, [charset, mime === 'text/plain' ? undefined : declaredIn(start)]);
  if (source === undefined) return new Reject('undecodable-text', `served as ${mime}, but it is not text`);

  const text = mime === 'text/plain' ? source : htmlText(source, { keep, xml: mime !== 'text/html' });
  if (text instanceof Reject) return text;
  return text.trim() === '' ? new Drop('empty') : text;
}

function htmlText(html: string, options: HtmlOptions): string | Reject {
  try {
    return htmlToText(html, options);
  } catch (error) {
    return new Reject('unparsable-html', (error as Error).message);
  }
}

/** The encoding that a page says it has, in an XML declaration or a meta element; comments are passed over. */
function declaredIn(start: string): string | undefined {
  const xml = /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']+)/i.exec(start)?.[1];
  return xml ?? /<meta\s[^>]*?charset\s*=\s*["']?\s*([^\s"'/>;]+)/i.exec(start.replace(/<!--.*?-->/gs, ''))?.[1];
}
