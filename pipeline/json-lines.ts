/** Files of JSON lines that a command is given whole. */
import { readFileSync } from 'node:fs';
import { ConfigError } from './error.ts';

export type Line = Readonly<Record<string, unknown>>;

/** @throws ConfigError where the file cannot be read, a line is no JSON object, or lacks one of the fields */
export function jsonLines(file: string, setting: string, fields: readonly string[]): readonly Line[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`--${setting} ${file}: ${(error as Error).message}`);
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, i) => {
      const value = parsed(line);
      const missing = fields.find((field) => value?.[field] === undefined || value[field] === null);
      if (value !== undefined && missing === undefined) return value;
      const fault = value === undefined ? 'is no JSON object' : `has no ${missing}`;
      throw new ConfigError(`--${setting} ${file}: line ${i + 1} ${fault}; expected lines with ${fields.join(', ')}`);
    });
}

function parsed(line: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Line) : undefined;
  } catch {
    return undefined;
  }
}
