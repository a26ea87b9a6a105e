/** Values to bytes that say their schema, and bytes of any version to values. The .avsc files are the truth. */
import { currentFingerprint, typeOf } from './schemas.ts';
import type { SchemaName } from './topics.ts';
import type {
  Alert,
  Basis,
  Comparison,
  Count,
  Delta,
  Document,
  Gradients,
  Replay,
  Score,
  Selection,
  Signature,
  Tokens,
} from './types.ts';
import { type Fingerprint, singleObjectPrefix, unframe } from './wire-format.ts';
import { writers } from './writers.ts';

export interface Codec<T> {
  readonly name: SchemaName;
  /** Of the schema it writes with. */
  readonly fingerprint: Fingerprint;
  /** Avro single-object encoding. */
  encode(value: T): Buffer;
  /**
   * Of single-object or bare Avro.
   *
   * @param writer the schema that bare Avro was written with; this version's where it is left out
   * @throws UnknownSchema; RangeError or Error where the bytes are no value of the schema
   */
  decode(bytes: Uint8Array, writer?: Fingerprint): T;
  /**
   * Takes in a schema that values may have been written with, from a registry.
   *
   * @throws Error where its values could not be read as this version's, or not safely
   */
  learn(schema: unknown): Fingerprint;
}

function codec<T>(name: SchemaName): Codec<T> {
  const type = typeOf(name);
  const fingerprint = currentFingerprint(name);
  const prefix = singleObjectPrefix(fingerprint);
  const known = writers(name, type);

  return {
    name,
    fingerprint,
    learn: known.learn,
    encode: (value) => Buffer.concat([prefix, type.toBuffer(value)]),

    decode(bytes, writer = fingerprint) {
      const framed = unframe(bytes);
      if (framed.frame === 'confluent') {
        throw new RangeError(`it names schema ${framed.id} of a schema registry, and no registry is configured`);
      }
      const written = framed.frame === 'single-object' ? framed.fingerprint : writer;
      const resolver = written === fingerprint ? undefined : known.resolver(written);
      const value = { ...type.fromBuffer(framed.body, resolver) } as T; // avsc's own record class stays inside
      if (!type.isValid(value)) throw new RangeError('a number that its type cannot hold'); // avsc reads ints of any size
      return value;
    },
  };
}

export const documentCodec: Codec<Document> = codec('document');
export const tokensCodec: Codec<Tokens> = codec('tokens');
export const gradientsCodec: Codec<Gradients> = codec('gradients');
export const scoreCodec: Codec<Score> = codec('score');
export const selectionCodec: Codec<Selection> = codec('selection');
export const countCodec: Codec<Count> = codec('count');
export const alertCodec: Codec<Alert> = codec('alert');
export const signatureCodec: Codec<Signature> = codec('signature');
export const comparisonCodec: Codec<Comparison> = codec('comparison');
export const replayCodec: Codec<Replay> = codec('replay');
export const basisCodec: Codec<Basis> = codec('basis');
export const deltaCodec: Codec<Delta> = codec('delta');

/** By the name of their schema. */
export const codecs: Readonly<Record<SchemaName, Codec<unknown>>> = {
  document: documentCodec,
  tokens: tokensCodec,
  gradients: gradientsCodec,
  score: scoreCodec,
  selection: selectionCodec,
  count: countCodec,
  alert: alertCodec,
  replay: replayCodec,
  basis: basisCodec,
  signature: signatureCodec,
  comparison: comparisonCodec,
  delta: deltaCodec,
} as Readonly<Record<SchemaName, Codec<unknown>>>;
