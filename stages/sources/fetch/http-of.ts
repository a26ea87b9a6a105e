import { ConfigError } from '../../../pipeline/error.ts';
import type { HttpSettings } from './settings.ts';

/** @throws ConfigError where there are none: nothing is read without saying for whom */
export function httpOf(address: string, http: HttpSettings | undefined): HttpSettings {
  if (http !== undefined) return http;
  throw new ConfigError(
    `${address} is read over http, and whoever runs that server should be able to reach you: give the source as an object ` +
      "with http: {contact: you@example.org}, on the command line as --source '{kind: ..., http: {contact: ...}}'",
  );
}
