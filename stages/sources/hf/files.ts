import type { Input } from '../bytes/input.ts';

/** Where the files of a data set are. */
export interface DatasetFiles {
  /** What the machine knows it by. */
  readonly address: string;
  /**
   * Its card, '' where it has none, and those of its files whose names match `wanted`, sorted; all as they are at one moment.
   *
   * @param mayBeEmpty whether it is no mistake that there are none yet
   */
  look(
    wanted: RegExp,
    mayBeEmpty: boolean,
    signal: AbortSignal,
  ): Promise<{ readonly card: string; readonly files: readonly Input[] }>;
  /** @throws ConfigError where what stands there is not the file itself */
  assertFetched(file: Input, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
