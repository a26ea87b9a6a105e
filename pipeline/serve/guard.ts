/** Who may ask: a browser that was not led here under a false name, and who knows the token. */
import { isIP } from 'node:net';
import { bearer } from '../../stages/http/bearer.ts';
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
  const knows = bearer(token);

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
      if (knows(authorization)) return;
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

/** The host of `host[:port]`, lower case, an IPv6 address without its brackets; undefined where it is none. */
function nameOf(header: string): string | undefined {
  const found = /^(?:\[(?<six>[\da-f:.]+)\]|(?<name>[\w.-]+))(?::\d{1,5})?$/i.exec(header)?.groups;
  const name = found?.['six'] ?? found?.['name']?.replace(/\.$/, '');
  return name?.toLowerCase();
}
