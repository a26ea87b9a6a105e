/** The token that whoever asks the API has to know. */
import { randomBytes } from 'node:crypto';
import { ConfigError } from '../error.ts';

const BYTES = 24;
const SHORTEST = 16;

export interface Token {
  readonly token: string;
  /** It was made for this run: it is to be shown, once. */
  readonly made: boolean;
}

/**
 * @param given DELTASIFT_TOKEN
 * @throws ConfigError where it is too short to be secret, or cannot stand in a header
 */
export function tokenOf(given: string | undefined): Token {
  if (given === undefined) return { token: randomBytes(BYTES).toString('base64url'), made: true };
  if (given.length >= SHORTEST && /^[\w~+/.=-]{1,500}$/.test(given)) return { token: given, made: false };
  throw new ConfigError(
    `DELTASIFT_TOKEN: expected ${SHORTEST} to 500 letters, digits or characters of - . _ ~ + / =, got ${given.length} characters` +
      '; unset, a token is made and printed',
  );
}
