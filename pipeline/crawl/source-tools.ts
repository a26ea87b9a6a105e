/** What sources may use of this process. */
import type { SourceTools } from '../contract.ts';
import type { Environment } from '../environment.ts';

export interface SourceWorld {
  readonly environment: Environment;
  /** Folder that relative paths start from. */
  readonly folder: string;
  /** Seconds since 1970. */
  clock(): number;
  note(sentence: string): void;
}

export function sourceTools({ environment, folder, clock, note }: SourceWorld): SourceTools {
  return { folder, note, now: () => Math.round(clock() * 1000), secret: (name) => environment.sourceSecrets?.[name] };
}
