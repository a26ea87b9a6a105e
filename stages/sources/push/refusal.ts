/** What a request is refused with: application/problem+json, RFC 9457. */
import { problemDetails } from '../../http/problem.ts';

/** A document of a body that is at fault. */
export interface Fault {
  /** Of NDJSON the line, of an array the element; from 1. */
  readonly at: number;
  /** A code of docs/rejects.md. */
  readonly code: string;
  readonly detail: string;
}

export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** HTTP status. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly faults: readonly Fault[];

  /** @param detail what was expected, what came, and what to do */
  constructor(
    status: number,
    detail: string,
    {
      headers = {},
      faults = [],
    }: { readonly headers?: Record<string, string>; readonly faults?: readonly Fault[] } = {},
  ) {
    super(detail);
    this.status = status;
    this.headers = headers;
    this.faults = faults;
  }
}

export function problemOf(status: number, detail: string, faults: readonly Fault[] = []): string {
  const problem = problemDetails(status, detail);
  return JSON.stringify(faults.length === 0 ? problem : { ...problem, errors: faults });
}
