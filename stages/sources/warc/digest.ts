import { createHash, getHashes } from 'node:crypto';
import { Reject } from '../../../pipeline/contract.ts';
import type { WarcRecord } from './record.ts';

const KNOWN = new Set(getHashes().map((name) => name.toLowerCase()));

/** What the digests of a record find wrong with its block and its payload, where it has any. */
export function digestReject({ headers, block }: WarcRecord, payloads: Iterable<Buffer>): Reject | undefined {
  const fault =
    faultOf('block', headers.get('warc-block-digest'), [block]) ??
    faultOf('payload', headers.get('warc-payload-digest'), payloads);
  return fault === undefined ? undefined : new Reject('digest-mismatch', fault);
}

/** A labelled digest (sha1:BASE32) of an algorithm that is not known finds nothing; it must be that of one of `candidates`. */
function faultOf(part: string, labelled: string | undefined, candidates: Iterable<Buffer>): string | undefined {
  const [, label, value] = /^([\w-]+):(\S+)$/.exec(labelled ?? '') ?? [];
  const algorithm = label?.toLowerCase().replace('-', '');
  if (algorithm === undefined || value === undefined || !KNOWN.has(algorithm)) return undefined;

  let first: Buffer | undefined;
  for (const bytes of candidates) {
    const digest = createHash(algorithm).update(bytes).digest();
    if (isWritten(digest, value)) return undefined;
    first ??= digest;
  }
  return first && `the ${part}'s ${algorithm} is ${base32(first)}, the record says ${value}`;
}

/** As the standard has it in base32, or in hex or base64. */
function isWritten(digest: Buffer, value: string): boolean {
  const bare = value.replace(/=+$/, '');
  return (
    base32(digest) === bare.toUpperCase() ||
    digest.toString('hex') === bare.toLowerCase() ||
    digest.toString('base64url') === bare.replaceAll('+', '-').replaceAll('/', '_')
  );
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648, 6, without padding. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(held >> (bits - 5)) & 31];
    held &= 0xff;
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}
