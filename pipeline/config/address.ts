/** Where a server listens, as it is written in a config: [HOST:]PORT. */
import { ConfigError } from '../error.ts';

export interface Address {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
}

const LOOPBACK = '127.0.0.1';
const ADDRESS = /^(?:(?<host>.+):)?(?<port>\d{1,5})$/;

/**
 * The host is the loopback where it is left out.
 *
 * @param flag names the setting in the error
 * @throws ConfigError where it is of another form
 */
export function addressOf(text: string, flag: string): Address {
  const { host = LOOPBACK, port } = ADDRESS.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535) {
    throw new ConfigError(`${flag} ${text}: expected [HOST:]PORT, as in 9464 or 0.0.0.0:9464`);
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

/** As it is typed into a browser. */
export function urlOf({ host, port }: Address): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
