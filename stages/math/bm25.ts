/**
 * Okapi BM25 over terms given as numbers (token ids, or ids of words), the baseline that sees texts alone:
 *
 *     score(q, d) = Σ_{t in q} idf(t) · f (k₁ + 1) / (f + k₁ (1 − b + b |d| / mean |d|)),   f the count of t in d,
 *     idf(t) = ln(1 + (N − n + 1/2) / (n + 1/2)),                                      n the documents that hold t
 *
 * Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; idf in its form that is never negative.
 */
export interface Bm25 {
  /** [N] the score of every document; a term that the query holds twice counts twice. */
  scores(query: ArrayLike<number>): Float64Array;
}

export interface Bm25Options {
  /** How soon further occurrences of a term stop counting; by default 1.2. */
  readonly k1?: number;
  /** How far long documents are marked down, 0 to 1; by default .75. */
  readonly b?: number;
}

interface Postings {
  readonly documents: number[];
  readonly counts: number[];
}

export function bm25(documents: readonly ArrayLike<number>[], { k1 = 1.2, b = 0.75 }: Bm25Options = {}): Bm25 {
  const size = documents.length;
  const index = new Map<number, Postings>();
  for (const [d, document] of documents.entries()) {
    for (const [term, count] of countsOf(document)) {
      const postings = index.get(term) ?? { documents: [], counts: [] };
      index.set(term, postings);
      postings.documents.push(d);
      postings.counts.push(count);
    }
  }
  const mean = documents.reduce((sum, { length }) => sum + length, 0) / size;
  /** [N] what a document's length adds to f in the denominator */
  const lengths = Float64Array.from(documents, ({ length }) => k1 * (1 - b + (b * length) / mean));

  return {
    scores(query) {
      const scores = new Float64Array(size);
      for (const [term, times] of countsOf(query)) {
        const postings = index.get(term);
        if (postings === undefined) continue;
        const n = postings.documents.length;
        const idf = Math.log1p((size - n + 0.5) / (n + 0.5));
        for (const [i, d] of postings.documents.entries()) {
          const f = postings.counts[i]!;
          scores[d]! += (times * idf * f * (k1 + 1)) / (f + lengths[d]!);
        }
      }
      return scores;
    },
  };
}

function countsOf(terms: ArrayLike<number>): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < terms.length; i++) counts.set(terms[i]!, (counts.get(terms[i]!) ?? 0) + 1);
  return counts;
}
