/** Connections to public addresses only, and to the hosts that are allowed by name. */
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { isIP } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { isPublic } from './address.ts';
import { FetchError } from './error.ts';

export type Lookup = (
  host: string,
  options: LookupOptions & { readonly all: true },
  done: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

export interface AgentOptions {
  /** host or host:port of those that may have any address. */
  readonly allowHosts: readonly string[];
  /** Longest time to connect, and longest silence after that, in ms. */
  readonly timeout: number;
  readonly lookup?: Lookup | undefined;
}

/**
 * The address that was checked is the one that is connected to: between the two, a name server has no second say.
 * A host with a private address among its addresses is refused as a whole.
 */
export function guardedAgent({ allowHosts, timeout, lookup = systemLookup }: AgentOptions): Agent {
  const allowed = new Set(allowHosts.map((host) => host.toLowerCase()));
  const free = buildConnector({ timeout, allowH2: false });
  const guarded = buildConnector({
    timeout,
    allowH2: false,
    lookup(host, options, done) {
      lookup(host, { ...options, all: true }, (error, addresses) => {
        const refused = addresses?.find(({ address }) => !isPublic(address));
        if (error !== null) done(error, []);
        else if (refused !== undefined) done(notPublic(host, refused.address), []);
        else if (options.all) done(null, addresses);
        else done(null, addresses[0]!.address, addresses[0]!.family);
      });
    },
  });

  const connect: buildConnector.connector = (options, done) => {
    const host = options.hostname.replace(/^\[|\]$/g, '').toLowerCase();
    const port = options.port || (options.protocol === 'https:' ? '443' : '80');
    if (allowed.has(host) || allowed.has(`${host}:${port}`)) free(options, done);
    else if (isIP(host) !== 0 && !isPublic(host)) done(notPublic(host, host), null);
    else guarded(options, done);
  };
  return new Agent({ connect, headersTimeout: timeout, bodyTimeout: timeout });
}

function notPublic(host: string, address: string): FetchError {
  const what = host === address ? address : `${host} is at ${address}, which`;
  return new FetchError(
    `${what} is no public address; where that is meant to be read, name ${host} in http.allowHosts`,
    'refused',
  );
}
