/** Reads a config.json field by field. What a field says and this project cannot compute is refused by the field's name. */
import { CheckpointError } from '../checkpoint/error.ts';

export type Config = Readonly<Record<string, unknown>>;

/** A field that is null is as good as absent, as in transformers. */
export interface Fields {
  /** A whole number above 0; without a fallback the field must be there. */
  count(name: string, fallback?: number): number;
  /** A finite number; without a fallback the field must be there. */
  number(name: string, fallback?: number): number;
  flag(name: string, fallback: boolean): boolean;
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T;
  /** A JSON object, or undefined. */
  object(name: string): Config | undefined;
  /** One string for each layer, or undefined. */
  strings(name: string): readonly string[] | undefined;
  /** Refuses any value but these; absent passes. Values are compared as JSON. */
  only(name: string, allowed: readonly unknown[]): void;
  /** The error for a value that cannot be computed. */
  refusal(name: string, expected: string): CheckpointError;
}

/** @param path stands before each field's name in an error, such as 'rope_parameters.' */
export function fieldsOf(config: Config, path = ''): Fields {
  const get = (name: string): unknown => config[name] ?? undefined;

  function refusal(name: string, expected: string): CheckpointError {
    const came = name in config ? JSON.stringify(config[name]) : 'nothing';
    return new CheckpointError(`config.json: ${path}${name} should be ${expected}, and is ${came}`);
  }

  function number(name: string, fallback?: number): number {
    const value = get(name) ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw refusal(name, 'a number');
    return value;
  }

  return {
    number,
    refusal,

    count(name, fallback) {
      const value = number(name, fallback);
      if (!Number.isSafeInteger(value) || value < 1) throw refusal(name, 'a whole number above 0');
      return value;
    },

    flag(name, fallback) {
      const value = get(name) ?? fallback;
      if (typeof value !== 'boolean') throw refusal(name, 'true or false');
      return value;
    },

    choice(name, choices, fallback) {
      const value = get(name) ?? fallback;
      const found = choices.find((choice) => choice === value);
      if (found === undefined) throw refusal(name, `one of ${choices.join(', ')}`);
      return found;
    },

    object(name) {
      const value = get(name);
      if (value === undefined) return undefined;
      if (typeof value !== 'object' || Array.isArray(value)) throw refusal(name, 'an object');
      return value as Config;
    },

    strings(name) {
      const value = get(name);
      if (value === undefined) return undefined;
      if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
        throw refusal(name, 'a list of strings');
      }
      return value as readonly string[];
    },

    only(name, allowed) {
      const value = get(name);
      if (value === undefined) return;
      const texts = allowed.map((item) => JSON.stringify(item));
      if (!texts.includes(JSON.stringify(value))) throw refusal(name, ['absent', ...texts].join(' or '));
    },
  };
}
