/**
 * Resolves when all have ended: where one ends, the others are told to. Rejects with what the first that failed threw, since what
 * the others throw may come of that.
 */
export async function sideBySide(
  runs: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  await Promise.all(
    runs.map(async (run) => {
      try {
        await run(either);
      } catch (error) {
        failures.push(error);
      } finally {
        stop.abort();
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
}
