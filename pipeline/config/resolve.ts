/** Flags over the YAML file over defaults, checked; and what to say where they are wrong. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { ConfigError } from '../error.ts';
import { settings } from './settings.ts';

/** What a command was told, by setting, before any check. */
export interface Given {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly file?: ConfigFile | undefined;
}

export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** @throws ConfigError where the file cannot be read, is no YAML mapping, or holds a setting that does not exist */
export function readConfigFile(path: string): ConfigFile {
  const values = parseYaml(path);
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new ConfigError(`${path}: expected a mapping of settings (window: 128), got ${shown(values)}`);
  }
  const unknown = Object.keys(values).filter((key) => !Object.hasOwn(settings, key));
  if (unknown.length > 0) {
    const known = Object.keys(settings).join(', ');
    throw new ConfigError(`${path}: no such setting: ${unknown.join(', ')}; the settings are ${known}`);
  }
  return { path, values: values as ConfigFile['values'] };
}

function parseYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message.trim() : error}`);
  }
}

/**
 * The config of one command. A file may hold settings of other commands too: one file serves all.
 * @throws ConfigError with a line per mistake: which setting, given where, what was expected, what came
 */
export function resolveConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  { flags, file }: Given,
): z.infer<z.ZodObject<Shape>> {
  const own = Object.entries(file?.values ?? {}).filter(([key]) => Object.hasOwn(schema.shape, key));
  const values: Record<string, unknown> = { ...Object.fromEntries(own), ...flags };
  const result = schema.safeParse(values);
  if (result.success) return result.data;

  const place = (key: string) =>
    key in flags || file === undefined || !(key in values) ? flagOf(key) : `${key} in ${file.path}`;
  throw new ConfigError(result.error.issues.map((issue) => describe(issue, values, place)).join('\n'));
}

/** `maxWindows` as it is typed; a setting of one letter is a short flag. */
export function flagOf(setting: string): string {
  if (setting.length === 1) return `-${setting}`;
  return `--${setting.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function describe(
  issue: z.core.$ZodIssue,
  values: Readonly<Record<string, unknown>>,
  place: (key: string) => string,
): string {
  const [key, ...inner] = issue.path.map(String);
  if (key === undefined) return issue.message;
  const where = place(key).startsWith('-') ? place(key) : [place(key), ...inner].join('.'); // a flag holds no keys
  const came = issue.path.reduce<unknown>(
    (value, step) => (value as Record<PropertyKey, unknown> | undefined)?.[step],
    values,
  );
  if (came === undefined)
    return `${where}: missing (${settings[key as keyof typeof settings]?.description ?? expected(issue)})`;
  if (issue.code === 'custom' && issue.params?.['secret'] === true) return `${where}: expected ${issue.message}`;
  return `${where}: expected ${expected(issue)}, got ${shown(came)}`;
}

function expected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int'
        ? 'an integer'
        : `${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
    case 'invalid_value':
      return `one of ${issue.values.join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' ? 'some text' : `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    case 'unrecognized_keys':
      return `no ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return issue.errors.map(([first]) => (first === undefined ? '' : expected(first))).join(' or ');
    default:
      return issue.message;
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
