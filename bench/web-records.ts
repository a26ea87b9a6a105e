/** Records of a crawl, made of texts: what the benches of sources read. */
import { readFileSync } from 'node:fs';

/** Texts of a file of documents, in lines of 80 words. */
export function textsIn(file: string): readonly string[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { text: string }).text.replace(/((?:\S+ ){80})/g, '$1\n'));
}

export function textRecord(text: string, i: number): string {
  return record('conversion', 'text/plain', text, i);
}

/** Of a page with a menu, and its text in paragraphs. */
export function pageRecord(text: string, i: number): string {
  return record('response', 'application/http', response(pageOf(text)), i);
}

export function response(html: string, ...headers: readonly string[]): string {
  return `${['HTTP/1.1 200 OK', 'Content-Type: text/html; charset=utf-8', ...headers].join('\r\n')}\r\n\r\n${html}`;
}

export function pageOf(text: string): string {
  const paragraphs = text
    .split('\n')
    .map((line) => `<p class="text"><a href="/x">More</a> ${line.replaceAll('<', '&lt;')}</p>\n`);
  const menu = '<nav><ul>'.concat(
    '<li class="item"><a href="/a/b/c">An item of the menu</a></li>'.repeat(30),
    '</ul></nav>',
  );
  return `<!doctype html><html><head><title>A page</title><style>p { margin: 0 }</style></head><body>${menu}<main>${paragraphs.join('')}</main></body></html>`;
}

export function record(type: string, mime: string, block: string, i: number): string {
  const head = `WARC/1.0\r\nWARC-Type: ${type}\r\nWARC-Record-ID: <urn:uuid:${i}>\r\nWARC-Target-URI: https://example.org/${i}\r\nWARC-Date: 2024-01-01T00:00:00Z\r\nContent-Type: ${mime}\r\n`;
  return `${head}Content-Length: ${Buffer.byteLength(block)}\r\n\r\n${block}\r\n\r\n`;
}
