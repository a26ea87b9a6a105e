/** Written by generate.ts from the .avsc files. */

/** Documents that one batch added to a counter of the store. Topic counts. */
export interface Count {
  readonly stage: string;
  readonly outcome: 'in' | 'out' | 'dropped' | 'rejected';
  /** reason of a drop, code of a reject; empty elsewhere */
  readonly code: string;
  readonly n: number;
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

/** One document against one delta; the fields are those of its best window. Topic scores. */
export interface Score {
  readonly key: string;
  readonly id: string;
  readonly url: string | null;
  /** delta id */
  readonly delta: string;
  /** measurement id */
  readonly measurement: string;
  /** what documents are ranked by, the higher the better: the cosine, or another measure */
  readonly score: number;
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
  /** top: best by score; pool: candidates by residual gain; state: running values of the select stage, by name; sample: a uniform sample, of the smallest keys; bottom: lowest scores; likely and unlikely: lowest and highest loss under the tuned head */
  readonly list: 'top' | 'pool' | 'state' | 'sample' | 'bottom' | 'likely' | 'unlikely';
  /** document key; for state, the name of the value */
  readonly key: string;
  /** residual gain at admission to the pool; 0 elsewhere */
  readonly gain: number;
  /** top and pool: an encoded Score; state: as select.ts writes it */
  readonly value: Buffer;
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
