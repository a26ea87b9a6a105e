/** Settings of every sink that is told over http. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../../pipeline/error.ts';

export const httpUrl = z
  .url({ protocol: /^https?$/, error: 'expected an address, http:// or https://' })
  .describe('address to post to');

export const httpSettings = {
  allowHosts: z
    .array(z.string().min(1))
    .default([])
    .describe('host or host:port that may be at a private address; every other has to be public'),
  timeoutSeconds: z.number().positive().max(300).default(10).describe('longest time to connect and to answer'),
} as const;

/** @throws ConfigError where the file cannot be read or is empty */
export function secretIn(path: string, folder: string): string {
  try {
    const secret = readFileSync(resolve(folder, path), 'utf8').trim();
    if (secret !== '') return secret;
  } catch (error) {
    throw new ConfigError(`sink: ${path} cannot be read: ${(error as Error).message}`);
  }
  throw new ConfigError(`sink: ${path} is empty: expected a secret in it`);
}
