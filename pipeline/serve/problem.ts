/** What a request is refused with. */

export class Problem extends Error {
  override readonly name = 'Problem';
  /** HTTP status. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail what was expected, what came, and what to do */
  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.status = status;
    this.headers = headers;
  }
}
