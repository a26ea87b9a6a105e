/** Where a document comes from and what its crawl says of it: the fields that go with it through every topic. */
import type { Document } from './types.ts';

export const PROVENANCE_FIELDS = [
  'source',
  'origin',
  'canonicalUrl',
  'host',
  'fetchedAt',
  'title',
  'language',
  'extraction',
] as const satisfies readonly (keyof Document)[];

export type Provenance = Pick<Document, (typeof PROVENANCE_FIELDS)[number]>;

/** Of a document of which nothing is known. */
export const NO_PROVENANCE: Provenance = {
  source: '',
  origin: '',
  canonicalUrl: null,
  host: null,
  fetchedAt: null,
  title: null,
  language: null,
  extraction: null,
};

export function provenanceOf(of: Provenance): Provenance {
  const { source, origin, canonicalUrl, host, fetchedAt, title, language, extraction } = of;
  return { source, origin, canonicalUrl, host, fetchedAt, title, language, extraction };
}

/** Null where there is no address, or it has no host. */
export function hostOf(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  return new URL(url).host || null;
}
