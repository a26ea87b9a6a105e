/** The settings of whatever is read over http. */
import { z } from 'zod';

export const httpSettings = z.strictObject({
  contact: z
    .union([z.email(), z.url({ protocol: /^https?$/ })])
    .describe(
      'who is reading: an address for mail, or of a page, by which an operator can reach you; sent as User-Agent',
    ),
  perSecond: z
    .number()
    .positive()
    .max(1000)
    .default(1)
    .describe('requests a second to one host, of all crawlers together'),
  burst: z.int().min(1).default(1).describe('requests to one host that may follow each other at once after a pause'),
  crawlers: z.int().min(1).default(1).describe('crawlers that share perSecond: each takes an equal part of it'),
  allowHosts: z
    .array(z.string().min(1))
    .default([])
    .describe('host or host:port of those that may be at a private address, as in an intranet'),
  timeout: z.number().positive().default(30).describe('seconds of silence after which a connection is given up'),
  maxWait: z.number().min(0).default(600).describe('seconds that a server may ask to be left alone for'),
  maxRedirects: z.int().min(0).default(5).describe('redirects that are followed for one address'),
});
export type HttpSettings = z.infer<typeof httpSettings>;

export const s3Settings = z.strictObject({
  endpoint: z.url().optional().describe("address of the store, where it is not Amazon's"),
  region: z.string().min(1).default('us-east-1').describe('region of the buckets'),
  pathStyle: z
    .boolean()
    .default(false)
    .describe(
      'whether the bucket stands in the path of an address rather than in its host, as most other stores have it',
    ),
  anonymous: z.boolean().default(false).describe('whether requests are unsigned, as public buckets take them'),
});
export type S3Settings = z.infer<typeof s3Settings>;

/** Where files are, and how they are read where that is not this machine. */
export const placeSettings = {
  path: z
    .string()
    .min(1)
    .describe('file, folder or glob; or an address: https://..., s3://bucket/key, s3://bucket/folder/'),
  http: httpSettings.optional().describe('how files are read whose path is an address of http or https'),
  s3: s3Settings.prefault({}).describe('how files are read whose path is s3://bucket/key'),
};
export type RemoteSettings = { readonly http?: HttpSettings | undefined; readonly s3: S3Settings };
