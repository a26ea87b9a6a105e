/**
 * The leaves of a mail (RFC 5322, 2045, 2046), read as leniently as real spam needs it: nothing is ever refused.
 * All strings here are byte strings: one character is one byte.
 */

export interface Mail {
  readonly subject: string;
  /** The parts that hold no further parts, in the order they stand, with their transfer encoding undone. */
  readonly leaves: readonly Leaf[];
}

export interface Leaf {
  /** Media type, lower case, without its parameters. */
  readonly type: string;
  readonly body: string;
}

/** Names in lower case; of a repeated header the first counts. */
type Headers = ReadonlyMap<string, string>;

interface Lines {
  /** The next line with its end; undefined at the end of the input, and before a line that an enclosing part waits for. */
  next(): string | undefined;
  back(): void;
  /** All that is left for this part. */
  rest(): string;
  /** Runs `read` with an end of input before each line that matches `stop`. */
  upTo(stop: RegExp, read: () => void): void;
}

const HEADER = /^(?:From |[!-9;-~]+:|[\t ])/;
const BLANK = /^[\r\n]/;

export function parseMail(raw: Uint8Array): Mail {
  const leaves: Leaf[] = [];
  const headers = readPart(linesOf(Buffer.from(raw).toString('latin1')), 'text/plain', leaves);
  return { subject: (headers.get('subject') ?? '').replace(/^[ \t]+|[\r\n]+$/g, ''), leaves };
}

function readPart(lines: Lines, defaultType: string, leaves: Leaf[]): Headers {
  const headers = readHeaders(lines);
  const type = mediaType(headers, defaultType);

  if (type.startsWith('multipart/')) readMultipart(lines, headers, type, leaves);
  else if (type === 'message/delivery-status') lines.rest();
  else if (type.startsWith('message/')) readPart(lines, 'text/plain', leaves);
  else leaves.push({ type, body: decoded(lines.rest(), headers.get('content-transfer-encoding') ?? '') });
  return headers;
}

function readHeaders(lines: Lines): Headers {
  const headers = new Map<string, string>();
  let name: string | undefined;
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    if (!HEADER.test(line)) {
      if (!BLANK.test(line)) lines.back();
      break;
    }
    if (line.startsWith('From ')) continue; // an mbox envelope
    if (/^[\t ]/.test(line)) {
      if (name !== undefined) headers.set(name, headers.get(name) + line);
      continue;
    }
    const colon = line.indexOf(':');
    const found = line.slice(0, colon).toLowerCase();
    name = headers.has(found) ? undefined : found;
    if (name !== undefined) headers.set(name, line.slice(colon + 1));
  }
  return headers;
}

function readMultipart(lines: Lines, headers: Headers, type: string, leaves: Leaf[]): void {
  const boundary = boundaryOf(headers);
  if (boundary !== undefined) {
    const separator = new RegExp(`^--${RegExp.escape(boundary)}(--)?[ \\t]*[\\r\\n]*$`);
    const defaultType = type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
    lines.upTo(separator, () => lines.rest()); // what stands before the first part
    for (let line = lines.next(); line !== undefined && separator.exec(line)?.[1] === undefined; line = lines.next()) {
      lines.upTo(separator, () => readPart(lines, defaultType, leaves));
    }
  }
  lines.rest(); // what stands after the last
}

/** A type that is none counts as plain text (RFC 2045, 5.2). */
function mediaType(headers: Headers, defaultType: string): string {
  const value = headers.get('content-type');
  if (value === undefined) return defaultType;
  const type = value.split(';', 1)[0]!.trim().toLowerCase();
  return type.split('/').length === 2 ? type : 'text/plain';
}

function boundaryOf(headers: Headers): string | undefined {
  const match = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^;]+))/i.exec(headers.get('content-type') ?? '');
  return (match?.[1] ?? match?.[2])?.trimEnd();
}

function decoded(body: string, encoding: string): string {
  switch (encoding.trim().toLowerCase()) {
    case 'base64':
      return base64(body);
    case 'quoted-printable':
      return body.replace(/=(?:([0-9A-Fa-f]{2})|=|\r?\n|$)/g, (whole, hex?: string) =>
        hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : whole === '==' ? '=' : '',
      );
    default:
      return body;
  }
}

/** Foreign characters are passed over, padding ends it; a number of digits that no encoder makes leaves it as it is. */
function base64(body: string): string {
  const digits = body.replace(/[^A-Za-z0-9+/=]/g, '').split('=', 1)[0]!;
  return digits.length % 4 === 1 ? body.replace(/[\r\n]/g, '') : Buffer.from(digits, 'base64').toString('latin1');
}

function linesOf(text: string): Lines {
  const all = text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? [];
  const stops: RegExp[] = [];
  let at = 0;

  function next(): string | undefined {
    const line = all[at];
    if (line === undefined || stops.some((stop) => stop.test(line))) return undefined;
    at++;
    return line;
  }

  return {
    next,
    back: () => {
      at--;
    },
    rest: () => {
      const from = at;
      while (next() !== undefined);
      return all.slice(from, at).join('');
    },
    upTo: (stop, read) => {
      stops.push(stop);
      read();
      stops.pop();
    },
  };
}
