/** Schemas that values of one kind may have been written with, and how each is read as this version's. */
import avro from 'avsc';
import { fingerprintOf } from './fingerprint.ts';
import { publishedSchema } from './schemas.ts';
import type { SchemaName } from './topics.ts';
import type { Fingerprint } from './wire-format.ts';

/** The value was written with a schema that is not known here. */
export class UnknownSchema extends Error {
  constructor(name: SchemaName, fingerprint: Fingerprint) {
    super(
      `no version of schema ${name} that is known here has the fingerprint ${fingerprint}: was it written by a newer version?`,
    );
    this.name = 'UnknownSchema';
  }
}

type Resolver = ReturnType<avro.Type['createResolver']>;

export interface Writers {
  /** @throws UnknownSchema; Error where values of that schema cannot be read as this version's */
  resolver(fingerprint: Fingerprint): Resolver;
  /**
   * Takes in a schema from elsewhere.
   *
   * @throws Error where it is no schema, or one that lets a short value claim any amount of work
   */
  learn(schema: unknown): Fingerprint;
}

/** Fingerprints come from strangers: so many wrong ones are remembered, that files are not looked for again and again. */
const MOST_UNKNOWN = 1000;

export function writers(name: SchemaName, reader: avro.Type): Writers {
  const known = new Map<Fingerprint, Resolver>();
  const unknown = new Set<Fingerprint>();

  function add(fingerprint: Fingerprint, schema: avro.Schema): Resolver {
    const resolver = reader.createResolver(avro.Type.forSchema(schema));
    known.set(fingerprint, resolver);
    return resolver;
  }

  return {
    resolver(fingerprint) {
      const resolver = known.get(fingerprint);
      if (resolver !== undefined) return resolver;
      const schema = unknown.has(fingerprint) ? undefined : publishedSchema(name, fingerprint);
      if (schema !== undefined) return add(fingerprint, schema);
      if (unknown.size < MOST_UNKNOWN) unknown.add(fingerprint);
      throw new UnknownSchema(name, fingerprint);
    },

    learn(schema) {
      if (/"(array|map)"/.test(JSON.stringify(schema))) {
        throw new Error('it holds an array or a map: a few bytes could claim a billion elements');
      }
      const fingerprint = fingerprintOf(avro.Type.forSchema(schema as avro.Schema));
      if (!known.has(fingerprint)) add(fingerprint, schema as avro.Schema);
      return fingerprint;
    },
  };
}
