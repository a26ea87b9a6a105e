/** What an index of a crawl says of a record: where it lies, and of what page it is. */
export interface Hit {
  /** Path of the WARC file, below the root of its collection. */
  readonly file: string;
  readonly offset: number;
  /** Null where the index does not say. */
  readonly length: number | null;
  readonly url: string;
  /** As the server said, or as it was found out; lower case, '' where nobody knows. */
  readonly mime: string;
  readonly status: number | null;
  /** ISO 639-3 codes. */
  readonly languages: readonly string[];
}
