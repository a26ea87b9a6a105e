/** The header block of a WARC record or an HTTP message. */

/** The first value of each header, by its name in lower case. */
export type Headers = ReadonlyMap<string, string>;

/** Where a header block ends and what follows begins; either is undefined where it has no end within `max` bytes. */
export interface HeaderEnd {
  readonly end: number;
  readonly next: number;
}

/** The empty line that ends a header block, whether lines end with CRLF or LF alone. */
export function headerEnd(bytes: Buffer, max: number): HeaderEnd | undefined {
  const within = bytes.subarray(0, max);
  const crlf = within.indexOf('\r\n\r\n');
  const lf = within.subarray(0, crlf === -1 ? max : crlf).indexOf('\n\n');
  if (lf !== -1) return { end: lf, next: lf + 2 };
  return crlf === -1 ? undefined : { end: crlf, next: crlf + 4 };
}

/** Lines behind the first one. A line without a colon is passed over; one that begins with white space goes on with the last. */
export function parseHeaders(lines: readonly string[]): Headers {
  const headers = new Map<string, string>();
  let last: string | undefined;
  for (const line of lines) {
    if (/^[ \t]/.test(line)) {
      if (last !== undefined) headers.set(last, `${headers.get(last)} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    last = colon === -1 || headers.has(name) ? undefined : name;
    if (last !== undefined) headers.set(last, line.slice(colon + 1).trim());
  }
  return headers;
}

export function splitLines(text: string): string[] {
  return text.split(/\r?\n/);
}
