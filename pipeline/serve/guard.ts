/** Who may ask: a browser that was not led here under a false name, and who knows the token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { Problem } from './problem.ts';

export interface GuardOptions {
  readonly token: string;
  /** Names the server goes by, besides IP addresses and localhost. */
  readonly hosts: readonly string[];
}

export interface Guard {
  /**
   * A name that an attacker's DNS points here (DNS rebinding) is not one of ours; an address needs no DNS.
   *
   * @throws Problem 421
   */
  host(header: string | undefined): void;
  /** @throws Problem 401 */
  token(authorization: string | undefined): void;
}

export function guard({ token, hosts }: GuardOptions): Guard {
  const names = new Set(['localhost', ...hosts.map((name) => name.toLowerCase())]);
  const expected = digest(token);

  return {
    host(header) {
      const name = nameOf(header ?? '');
      if (name !== undefined && (isIP(name) !== 0 || names.has(name))) return;
      throw new Problem(
        421,
        `Host: expected an IP address or one of ${[...names].join(', ')}, got ${JSON.stringify((header ?? '').slice(0, 100))}; ` +
          '--serve-host names others',
      );
    },

    token(authorization) {
      const [, given] = /^Bearer ([\w~+/.=-]{1,500})$/i.exec(authorization ?? '') ?? [];
      if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
      throw new Problem(
        401,
        `Authorization: expected Bearer and the token that was printed when this was started, got ${
          authorization === undefined ? 'nothing' : 'another'
        }`,
        { 'www-authenticate': 'Bearer realm="deltasift"' },
      );
    },
  };
}

/** Of equal length, so that comparing says nothing of the token. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The host of `host[:port]`, lower case, an IPv6 address without its brackets; undefined where it is none. */
function nameOf(header: string): string | undefined {
  const found = /^(?:\[(?<six>[\da-f:.]+)\]|(?<name>[\w.-]+))(?::\d{1,5})?$/i.exec(header)?.groups;
  const name = found?.['six'] ?? found?.['name']?.replace(/\.$/, '');
  return name?.toLowerCase();
}
