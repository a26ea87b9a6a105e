/** RFC 4180: a header, CRLF, quotes only where they are needed; null is an empty field. */
export function csv(fields: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): string {
  const lines = [fields, ...rows.map((row) => fields.map((field) => row[field] ?? ''))];
  return lines.map((line) => `${line.map((value) => quoted(String(value))).join(',')}\r\n`).join('');
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
