/** A checkpoint that cannot be used: broken, unknown, or no different from the other. The process exits 65 (EX_DATAERR). */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly exitCode = 65;
}
