import { decodeHTML } from 'entities';
import { parseMail } from './mime.ts';

/**
 * What a reader sees of a mail, in printable ASCII: the subject, then its plain and HTML parts without tags, quoted lines and
 * rules. Each byte is taken for a Latin-1 character, whatever charset is declared, and what is not ASCII is left out.
 */
export function mailText(raw: Uint8Array): string {
  const mail = parseMail(raw);
  const shown = mail.leaves.flatMap(({ type, body }) =>
    type === 'text/plain' ? [` ${body}`] : type === 'text/html' ? [` ${htmlText(body)}`] : [],
  );
  const text = shown
    .join('')
    .replace(/(?<=^|\n)>[^\n]*/g, '')
    .replace(/[-=_*]{4,}/g, ' ');
  return `${mail.subject}. ${text}`.replace(/[^ -~\t\n]/g, '');
}

function htmlText(html: string): string {
  const text = html.replace(/<(script|style).*?<\/\1>/gis, ' ').replace(/<[^>]+>/g, ' ');
  return decodeHTML(text);
}
