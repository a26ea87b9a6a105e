import { z } from 'zod';

/** Where a record holds what is wanted: each a key, or keys and indices joined by dots. */
export interface Fields {
  readonly id: string;
  readonly text: string;
  readonly url: string;
  readonly canonicalUrl: string;
  readonly title: string;
  readonly language: string;
  readonly fetchedAt: string;
}

/** The setting `fields` of a source whose records are `what`; `unnamed` is the id of one that has none. */
export function fieldsConfig(what: string, unnamed: string) {
  const field = (name: string, description: string) => z.string().min(1).default(name).describe(description);
  return z
    .strictObject({
      id: field('id', `the id; where a ${what} has none, it is ${unnamed}`),
      text: field('text', 'the text'),
      url: field('url', `the address; a ${what} may have none, nor any of what follows`),
      canonicalUrl: field('canonicalUrl', 'the address that the page gives as its own'),
      title: field('title', 'the title'),
      language: field('language', 'the language, as a tag: en, eng, en-GB'),
      fetchedAt: field('date', 'when it was fetched, as a date and time, or seconds since 1970'),
    })
    .prefault({});
}
