/** Ways to rank documents by what a scan has measured of them, each higher where a document looks more like tuning data. */

/** What the ranking needs of a document: fields of the scan's scores. */
export interface Scored {
  readonly score: number;
  readonly alignment: number;
  readonly loss: number;
  readonly lossTunedHead: number;
}

/**
 * `likelihood_ratio` is what the tuned head saves per token on the base's hidden states: the alignment integrated over the way from W0
 * to W1. `relative_ratio` is its share of the loss, so that hard documents do not win by having more to lose. `likelihood` is the
 * loss under the tuned head alone, the baseline that sees no base.
 */
export const SCORERS = {
  cosine: ({ score }) => score,
  alignment: ({ alignment }) => alignment,
  likelihood_ratio: ({ loss, lossTunedHead }) => loss - lossTunedHead,
  relative_ratio: ({ loss, lossTunedHead }) => (loss - lossTunedHead) / loss,
  likelihood: ({ lossTunedHead }) => -lossTunedHead,
} as const satisfies Readonly<Record<string, (document: Scored) => number>>;
