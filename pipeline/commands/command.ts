/** What a command is: data and a function; its flags are the keys of its config. */
import type { z } from 'zod';
import { type Given, resolveConfig } from '../config/resolve.ts';
import type { Environment } from '../environment.ts';
import type { Screen } from '../screen.ts';

export interface Command {
  /** As typed after `deltasift`; two words for a command of a group. */
  readonly name: string;
  readonly summary: string;
  readonly config: z.ZodObject;
  /** The setting that is given by position rather than by flag. */
  readonly argument?: string;
  /** @throws ConfigError where what was given is no config of this command */
  run(given: Given, context: Context): Promise<void>;
}

/** A command from a function of its checked config. */
export function command<Shape extends z.ZodRawShape>(spec: {
  readonly name: string;
  readonly summary: string;
  readonly config: z.ZodObject<Shape>;
  readonly argument?: keyof Shape & string;
  run(config: z.infer<z.ZodObject<Shape>>, context: Context): Promise<void>;
}): Command {
  return { ...spec, run: (given, context) => spec.run(resolveConfig(spec.config, given), context) };
}

/** The world a command runs in. */
export interface Context {
  readonly environment: Environment;
  /** Results go to `out`; progress, warnings and errors to `err`. */
  readonly out: Output;
  readonly err: Output;
  /** Where a person sits before it. */
  readonly screen: Screen | undefined;
  /** One JSON value on `out`, rather than text for people. */
  readonly json: boolean;
  /** Nothing on `err` but errors. */
  readonly quiet: boolean;
  /** Cores this process may use. */
  readonly cores: number;
  /** The working directory: relative module paths start there. */
  readonly folder: string;
  /** Milliseconds on a clock that never goes back; shown in progress and in `seconds`, part of no result. */
  now(): number;
  /** Seconds since 1970, for metrics alone. */
  clock(): number;
  /** In [0, 1): when to try again; part of no result. */
  random(): number;
  /** Aborted on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

export interface Output {
  write(text: string | Uint8Array): void;
  readonly isTerminal: boolean;
  /** Width of the terminal in characters. */
  readonly columns: number;
}

/** Sentences for people, unless they asked for quiet. */
export function noteTo({ err, quiet }: Pick<Context, 'err' | 'quiet'>): (sentence: string) => void {
  return (sentence) => {
    if (!quiet) err.write(`note: ${sentence}\n`);
  };
}
