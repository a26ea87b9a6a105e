/** Stages without a model: what they make of a document is a function of its text alone. */
import { createHash } from 'node:crypto';
import { Reject, type Stage } from '../../../pipeline/contract.ts';
import { provenanceOf } from '../../../schemas/provenance.ts';
import type { Document, Gradients, Tokens } from '../../../schemas/types.ts';
import type { ScoredDelta } from '../../../stages/score.ts';

export const DELTA: ScoredDelta = { id: 'delta', norm: 1 };
export const SKETCH_WIDTH = 16;
/** Texts that begin so are rejected by the tokenizer: the document's own fault. */
export const POISON = 'poison';

const TOKENS = 4;

export const tokenize: Stage<Document, Tokens> = {
  name: 'tokenize',
  process: (batch) =>
    batch.map((document) => {
      const { key, id, url, text } = document;
      if (text.startsWith(POISON)) return new Reject('too-short', 'a text that no tokenizer takes');
      const ids = Int32Array.from(createHash('sha256').update(text).digest().subarray(0, TOKENS));
      return [
        {
          key,
          id,
          url,
          text,
          ids,
          lengths: Int32Array.of(TOKENS),
          firsts: Int32Array.of(1),
          ...provenanceOf(document),
        },
      ];
    }),
};

export const gradient: Stage<Tokens, Gradients> = {
  name: 'gradient',
  process: (batch) =>
    batch.map((document) => {
      const { key, id, url, text, ids, lengths } = document;
      const digest = createHash('sha256').update(text).digest();
      const numbers = Float32Array.from({ length: SKETCH_WIDTH }, (_, i) => digest[i]! / 255 - 0.5);
      return [
        {
          key,
          id,
          url,
          text,
          ids,
          lengths,
          tokens: Int32Array.of(TOKENS - 1),
          measurement: 'none',
          deltas: DELTA.id,
          loss: Float64Array.of(1),
          gradientNorm: Float64Array.of(1),
          alignment: Float64Array.of(digest.readUInt32LE(0) / 2 ** 32 - 0.5),
          lossTunedHead: Float64Array.of(1),
          tokenAlignment: new Float32Array(TOKENS - 1),
          sketch: numbers,
          ...provenanceOf(document),
          lossTuned: new Float64Array(),
          labels: new Int32Array(),
        },
      ];
    }),
};
