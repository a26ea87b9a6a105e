import { readFileSync } from 'node:fs';
import { ConfigError } from '../error.ts';

/**
 * A file of certificates of an authority.
 *
 * @param setting what the user named it by
 * @throws ConfigError where it cannot be read
 */
export function certificate(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${setting}: ${(cause as Error).message}`, { cause });
  }
}
