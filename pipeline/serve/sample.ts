/** The store at one moment. */
export interface Sample {
  /** Seconds since 1970. */
  readonly at: number;
  /** Records read of all sources. */
  readonly read: number;
  /** Documents read and not yet handled. */
  readonly waiting: number;
  readonly scored: number;
  readonly dropped: number;
  readonly rejected: number;
  /** Grows with every document that comes into a list. */
  readonly revision: number;
  /** Goes up whenever a delta was added, paused or removed. */
  readonly deltas: number;
  /** Scored documents, by delta id. */
  readonly documents: Readonly<Record<string, number>>;
  /** Documents that went into each stage. */
  readonly stages: Readonly<Record<string, number>>;
  /** Size of the store, in bytes. */
  readonly bytes: number;
}
