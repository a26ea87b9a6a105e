/** What the process says when it ends. 65, 70 and 78 are those of sysexits.h. */
export const EXIT_CODES = {
  0: 'done; rejected documents are counted, no failure',
  65: 'a checkpoint was refused: broken, of an unknown architecture, or no different from the other',
  70: 'a fault of deltasift itself or of this machine; the message says what happened',
  78: 'a mistake in the flags, the config file, the environment or the choice of store',
  130: 'interrupted; what was in flight is in the store, and the same command goes on from there',
} as const;

export type ExitCode = keyof typeof EXIT_CODES;

/** Errors that know their code carry it as `exitCode`. */
export function exitCodeOf(error: unknown, interrupted: boolean): ExitCode {
  if (interrupted && error instanceof Error && error.name === 'AbortError') return 130;
  const own = error instanceof Error && 'exitCode' in error ? error.exitCode : undefined;
  return own === 65 || own === 78 ? own : 70;
}
