/** Bytes to text: byte order mark, what was declared, then what the bytes look like. */
import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import chardet from 'chardet';

/** Bytes that are looked at to tell text from anything else, and to guess an encoding. */
const SAMPLE = 64 << 10;

const REPLACEMENT = '\ufffd';

/**
 * The text, without its byte order mark; undefined where the bytes are no text. `declared` are labels as they were found, the
 * most trusted first; unknown ones, and ones that the bytes contradict, are passed over.
 */
export function decodeText(bytes: Uint8Array, declared: readonly (string | undefined)[] = []): string | undefined {
  const decoders = declared.map(decoderOf).filter((decoder) => decoder !== undefined);
  const zeros = bytes.subarray(0, SAMPLE).includes(0);
  const wide = markOf(bytes) ?? (zeros ? decoders.find(isWide)?.encoding : undefined);
  if (wide !== undefined) return new TextDecoder(wide).decode(bytes);

  const utf8 = isUtf8(bytes);
  if ((zeros || !utf8) && isBinary(bytes)) return undefined;
  for (const decoder of decoders) {
    if (isWide(decoder)) continue; // of a page without zeros: its markup is ASCII
    const text = decoder.decode(bytes);
    if (decoder.encoding === 'utf-8' ? utf8 || isMostlyUtf8(text) : !utf8 || !text.includes(REPLACEMENT)) return text;
  }
  if (utf8) return new TextDecoder().decode(bytes);

  const guess = decoderOf(chardet.detect(bytes.subarray(0, SAMPLE)) ?? undefined);
  return (guess ?? new TextDecoder('windows-1252')).decode(bytes);
}

/** By the WHATWG Encoding standard. */
function markOf(bytes: Uint8Array): string | undefined {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  return undefined;
}

/** Undefined for a label that the standard does not know, and for those that pages must not use. */
function decoderOf(label: string | undefined): TextDecoder | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}

function isWide({ encoding }: TextDecoder): boolean {
  return encoding.startsWith('utf-16');
}

/** Text has next to no bytes that the WHATWG MIME Sniffing standard calls binary: the controls but tab, line ends, escape. */
function isBinary(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, SAMPLE);
  let controls = 0;
  for (let i = 0; i < sample.length; i++) {
    const byte = sample[i]!;
    if (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27) controls++;
  }
  return controls >= 8 && controls > sample.length / 20;
}

/** Text that lost some characters, rather than text of another encoding: fewer were replaced than came through. */
function isMostlyUtf8(text: string): boolean {
  let replaced = 0;
  let whole = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0xfffd) replaced++;
    else if (code > 0x7f) whole++;
  }
  return replaced <= whole;
}
