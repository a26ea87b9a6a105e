import type { RejectCode } from '../../../pipeline/contract.ts';

/** What came out of a compressed member cannot be trusted or goes no further. Caught where it becomes a `Reject`. */
export class Damage extends Error {
  override readonly name = 'Damage';
  readonly code: RejectCode;

  constructor(code: RejectCode, reason: string) {
    super(reason);
    this.code = code;
  }
}
