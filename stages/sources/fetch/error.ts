/**
 * Why something was not had of a server: `refused` is ours, and `missing` its last word, so that asking again is of no use;
 * `forbidden` is what its robots.txt
 * keeps from us; `busy` is what may be otherwise later.
 */
export class FetchError extends Error {
  override readonly name = 'FetchError';
  readonly kind: 'refused' | 'missing' | 'forbidden' | 'busy';
  /** The answer's, where there was one. */
  readonly status: number | undefined;

  constructor(message: string, kind: FetchError['kind'], options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options);
    this.kind = kind;
    this.status = options.status;
  }
}

/** Whether an error says that there is nothing at an address. */
export function isMissing(error: unknown): error is FetchError {
  return error instanceof FetchError && error.kind === 'missing';
}
