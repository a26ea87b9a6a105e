/** Questions to a cluster that are asked again, where kafkajs asks once. */

export interface Again {
  /** Tries in all. */
  readonly tries: number;
  /** Whether another try may be answered. */
  readonly helps: (error: unknown) => boolean;
  /** Awaited before each further try. */
  readonly between: () => Promise<unknown>;
}

/** @throws what the last try did */
export async function again<T>(ask: () => Promise<T>, { tries, helps, between }: Again): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await ask();
    } catch (error) {
      if (tried >= tries || !helps(error)) throw error;
      await between();
    }
  }
}
