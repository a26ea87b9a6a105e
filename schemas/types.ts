/** Written by generate.ts from the .avsc files. */

/** One document that passed the threshold of a rule, or a digest of such. Topics alerts and held of a store. */
export interface Alert {
  /** delta/document/rule: the same however often it comes; of a digest, digest/rule/the first id it holds */
  readonly id: string;
  /** match: a document; digest: those that were held by the rule's limit; sample: sent to try a sink */
  readonly kind: 'match' | 'digest' | 'sample';
  readonly rule: string;
  /** delta id */
  readonly delta: string;
  /** document key */
  readonly key: string;
  /** the crawl's own name for the document */
  readonly document: string;
  readonly url: string | null;
  readonly host: string | null;
  readonly title: string | null;
  readonly language: string | null;
  /** how the document begins */
  readonly text: string;
  /** scored tokens */
  readonly tokens: number;
  /** what documents are ranked by */
  readonly ranking: number;
  /** what the rule looks at */
  readonly measure: string;
  /** the document's */
  readonly value: number;
  /** what it passed */
  readonly threshold: number;
  /** share of all documents that the threshold stands for; 0 where it is a fixed value */
  readonly rate: number;
  /** whether the threshold comes from a fit to the tail, rather than from counting */
  readonly extrapolated: boolean;
  /** share of all documents at or below the value */
  readonly share: number;
  /** documents that the rule's distribution was made of */
  readonly seen: number;
  /** documents since the last one at or above the level of release; all there were before where there was none */
  readonly quiet: number;
  /** [64] MinHash of the window's shingles; empty of a digest */
  readonly signature: Int32Array;
  /** when it was met, seconds since 1970 */
  readonly at: number;
  /** why it is not sent on its own: near-duplicate, host, episode or limit; empty where it is */
  readonly held: string;
  /** documents it stands for: 1, or those of a digest */
  readonly count: number;
  /** of a digest, its documents as JSON lines: id, document, url, value */
  readonly digest: string;
}

/** What replay records of one base are written in: directions of its hidden states, and how likely it finds each token on the whole. */
export interface Basis {
  /** sha-256 of what follows, hex */
  readonly id: string;
  /** r */
  readonly rank: number;
  /** U [d,r], orthonormal columns */
  readonly directions: Float32Array;
  /** [r] what a whole step of a stored coefficient stands for */
  readonly steps: Float32Array;
  /** [V] mean probability of each token over typical text */
  readonly typical: Float32Array;
}

/** A document on its way past the partitions that its bands fall into, to be compared in each with those that came before. Topic bands; the message key is the document's. */
export interface Comparison {
  /** of the document */
  readonly key: string;
  /** the one that it is compared in now */
  readonly partition: number;
  /** as in Signature */
  readonly minima: Buffer;
  /** as in Signature */
  readonly bands: Int32Array;
  /** an encoded Tokens, which goes on where the document is let through; null where a partition behind this one dropped it, and it is forgotten here */
  readonly tokens: Buffer | null;
}

/** Documents that one batch added to a counter of the store. Topic counts. */
export interface Count {
  readonly stage: string;
  readonly outcome: 'in' | 'out' | 'dropped' | 'rejected';
  /** reason of a drop, code of a reject; empty elsewhere */
  readonly code: string;
  readonly n: number;
}

/** A tuning that the workers of a cluster score documents against. Topic deltas; the message key is its id. */
export interface Delta {
  readonly id: string;
  /** the base as it was named */
  readonly base: string;
  /** the tuned side as it was named: every worker opens it */
  readonly tuned: string;
  /** |D| */
  readonly norm: number;
  /** |W0| */
  readonly baseNorm: number;
  /** measurement id */
  readonly measurement: string;
  /** the layers that are compared */
  readonly layers: string;
  /** what documents are ranked by */
  readonly rankBy: string;
  /** best documents kept of it */
  readonly keep: number;
  /** it is measured at its own tuned model, and no other delta can join it */
  readonly alone: boolean;
  /** active, paused or removed */
  readonly state: string;
  /** when it was last changed: ISO 8601 */
  readonly changedAt: string;
}

/** One crawled document. Topic documents. */
export interface Document {
  /** sha-256 of the UTF-8 text, hex; with --dedup off, followed by its place in the source */
  readonly key: string;
  /** the crawl's own name for it, as it came */
  readonly id: string;
  readonly url: string | null;
  readonly text: string;
  /** name of the source */
  readonly source: string;
  /** the cursor that resumes after it: traces it to its place in the source */
  readonly origin: string;
  /** the address that the page itself gives as its own, absolute */
  readonly canonicalUrl: string | null;
  /** host of the url, with its port where it has one */
  readonly host: string | null;
  /** when it was fetched: ISO 8601, UTC, to the millisecond */
  readonly fetchedAt: string | null;
  /** of the page, at most 300 characters */
  readonly title: string | null;
  /** ISO 639 code of two letters where there is one, else of three: as the crawl has it, or as identified */
  readonly language: string | null;
  /** how its text was had: html-main, html-all, plain, wet or field */
  readonly extraction: string | null;
}

/** What the model says of every window of one document: w windows, n deltas, k sketch width. Topic sketches. */
export interface Gradients {
  readonly key: string;
  readonly id: string;
  readonly url: string | null;
  readonly text: string;
  /** as in Tokens */
  readonly ids: Int32Array;
  /** [w], as in Tokens */
  readonly lengths: Int32Array;
  /** [w] scored tokens of each window, the last ones of it */
  readonly tokens: Int32Array;
  /** measurement id */
  readonly measurement: string;
  /** the n delta ids, comma-separated, in the order of the columns */
  readonly deltas: string;
  /** [w] mean token loss at the base, nats */
  readonly loss: Float64Array;
  /** [w] |G| */
  readonly gradientNorm: Float64Array;
  /** [w,n] <G, D> */
  readonly alignment: Float64Array;
  /** [w,n] mean token loss of the base's body with the tuned head, nats */
  readonly lossTunedHead: Float64Array;
  /** [sum of tokens, n] contribution of each scored token to its window's alignment */
  readonly tokenAlignment: Float32Array;
  /** [w,k] sketch of G; empty where none was asked for */
  readonly sketch: Float32Array;
  /** as in Document */
  readonly source: string;
  /** as in Document */
  readonly origin: string;
  /** as in Document */
  readonly canonicalUrl: string | null;
  /** as in Document */
  readonly host: string | null;
  /** as in Document */
  readonly fetchedAt: string | null;
  /** as in Document */
  readonly title: string | null;
  /** as in Document */
  readonly language: string | null;
  /** as in Document */
  readonly extraction: string | null;
  /** [w] mean token loss of the whole tuned model, nats; empty where it did not run */
  readonly lossTuned: Float64Array;
  /** [w] which of the label words the tuned model answers; empty where it was not asked */
  readonly labels: Int32Array;
}

/** What is kept of a document to score it against a delta that comes later: n kept positions, K likely tokens at each, r coefficients. Topic replay. */
export interface Replay {
  readonly key: string;
  readonly id: string;
  readonly url: string | null;
  /** measurement id */
  readonly measurement: string;
  /** ids, comma-separated, of the deltas that it was scored against exactly */
  readonly deltas: string;
  /** id of the Basis that the coefficients are in */
  readonly basis: string;
  /** 2 or 3: bytes of a token id */
  readonly idBytes: number;
  /** token ids of the kept windows, one after the other, little-endian */
  readonly ids: Buffer;
  /** [w] tokens of each kept window */
  readonly lengths: Int32Array;
  /** [w] scored tokens of each, the last ones of it */
  readonly tokens: Int32Array;
  /** [w] how many of its scored positions are kept, evenly spread */
  readonly kept: Int32Array;
  /** [w] as in Gradients */
  readonly loss: Float64Array;
  /** [w] |G| */
  readonly gradientNorm: Float64Array;
  /** [n,r] int8: of the hidden state, in steps of the basis */
  readonly coefficients: Buffer;
  /** [n] uint8: length of the hidden state outside of the basis over its whole length, times 255 */
  readonly rest: Buffer;
  /** [n,K] the likeliest tokens' ids, little-endian */
  readonly likely: Buffer;
  /** [n,K] uint8 q: their probabilities, 2^(-q/16) */
  readonly chances: Buffer;
  /** as in Document */
  readonly source: string;
  /** as in Document */
  readonly origin: string;
  /** as in Document */
  readonly canonicalUrl: string | null;
  /** as in Document */
  readonly host: string | null;
  /** as in Document */
  readonly fetchedAt: string | null;
  /** as in Document */
  readonly title: string | null;
  /** as in Document */
  readonly language: string | null;
  /** as in Document */
  readonly extraction: string | null;
}

/** One document against one delta; the fields are those of its best window. Topic scores. */
export interface Score {
  readonly key: string;
  readonly id: string;
  readonly url: string | null;
  /** delta id */
  readonly delta: string;
  /** measurement id */
  readonly measurement: string;
  /** what documents are ranked by, the higher the better; the delta's rankBy names the measure */
  readonly ranking: number;
  /** <G, D> */
  readonly alignment: number;
  /** |G| */
  readonly gradientNorm: number;
  /** nats per token at the base */
  readonly loss: number;
  /** nats per token, base's body and tuned head */
  readonly lossTunedHead: number;
  /** scored tokens */
  readonly tokens: number;
  /** index of the best window */
  readonly window: number;
  readonly windows: number;
  /** token-weighted mean alignment of all windows */
  readonly meanAlignment: number;
  readonly text: string;
  /** token ids of the best window */
  readonly ids: Int32Array;
  /** [tokens] of the best window */
  readonly tokenAlignment: Float32Array;
  /** [k] of the best window; empty where none was asked for */
  readonly sketch: Float32Array;
  /** as in Document */
  readonly source: string;
  /** as in Document */
  readonly origin: string;
  /** as in Document */
  readonly canonicalUrl: string | null;
  /** as in Document */
  readonly host: string | null;
  /** as in Document */
  readonly fetchedAt: string | null;
  /** as in Document */
  readonly title: string | null;
  /** as in Document */
  readonly language: string | null;
  /** as in Document */
  readonly extraction: string | null;
  /** cos(G, D), in [-1, 1] */
  readonly cosine: number;
  /** nats per token of the whole tuned model; null where it did not run */
  readonly lossTuned: number | null;
  /** the label word that the tuned model answers; null where it was not asked */
  readonly label: string | null;
}

/** One change of a delta's store. Topic selection, compacted; the message key is delta/list/key, a null value means evicted. */
export interface Selection {
  readonly delta: string;
  /** top: best by ranking; pool: candidates by residual gain; state: running values of the select stage, by name; sample: a uniform sample, of the smallest keys; bottom: lowest cosines; likely and unlikely: lowest and highest loss under the tuned head */
  readonly list: 'top' | 'pool' | 'state' | 'sample' | 'bottom' | 'likely' | 'unlikely';
  /** document key; for state, the name of the value */
  readonly key: string;
  /** residual gain at admission to the pool; 0 elsewhere */
  readonly gain: number;
  /** top and pool: an encoded Score; state: as select.ts writes it */
  readonly value: Buffer;
}

/** What near duplicates of a document are known by. Topic signatures; the message key is the document's. */
export interface Signature {
  /** of the document */
  readonly key: string;
  /** [128] a byte of each MinHash minimum */
  readonly minima: Buffer;
  /** [b] a hash of each band of minima and its place */
  readonly bands: Int32Array;
}

/** All windows of one document. Topic tokens. */
export interface Tokens {
  readonly key: string;
  readonly id: string;
  readonly url: string | null;
  readonly text: string;
  /** token ids of all windows, one after the other */
  readonly ids: Int32Array;
  /** tokens of each window, BOS included */
  readonly lengths: Int32Array;
  /** index in each window of the first token it scores, >= 1 */
  readonly firsts: Int32Array;
  /** as in Document */
  readonly source: string;
  /** as in Document */
  readonly origin: string;
  /** as in Document */
  readonly canonicalUrl: string | null;
  /** as in Document */
  readonly host: string | null;
  /** as in Document */
  readonly fetchedAt: string | null;
  /** as in Document */
  readonly title: string | null;
  /** as in Document */
  readonly language: string | null;
  /** as in Document */
  readonly extraction: string | null;
}
