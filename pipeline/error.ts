/** A mistake in the flags, the config file, the environment or the choice of store: the process exits 78 (EX_CONFIG). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly exitCode = 78;
}
