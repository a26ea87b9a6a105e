/** JSON objects from outside. */
import { CheckpointError } from './error.ts';

/** Any string may be a key of it, also one like `__proto__`: read it with Object.entries, or by names of our own. */
export type Json = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws CheckpointError where the bytes are no JSON object in UTF-8 */
export function parseJson(bytes: Uint8Array, what: string): Json {
  return objectOf(textOf(bytes, what), what);
}

/** As parseJson, and refuses an object in it that has a key twice: readers would disagree on its value. */
export function parseStrictJson(bytes: Uint8Array, what: string): Json {
  const text = textOf(bytes, what);
  const value = objectOf(text, what);
  const twice = repeatedKey(text);
  if (twice !== undefined) throw new CheckpointError(`${what} has the key ${quoted(twice)} twice`);
  return value;
}

/** A stranger's value, fit for one line of a terminal. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'none';
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function textOf(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new CheckpointError(`${what} is not UTF-8 text`);
  }
}

function objectOf(text: string, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(`${what} is no JSON: ${(error as SyntaxError).message}`);
  }
  if (!isRecord(value)) throw new CheckpointError(`${what} is JSON but no object`);
  return value;
}

/** The first key that an object of well-formed JSON holds twice; JSON.parse keeps the last one without a word. */
function repeatedKey(text: string): string | undefined {
  /** Keys of the objects around the current position; undefined stands for an array. */
  const around: (Set<string> | undefined)[] = [];
  let last = ''; // string before the current position
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '{') around.push(new Set());
    else if (char === '[') around.push(undefined);
    else if (char === '}' || char === ']') around.pop();
    else if (char === '"') {
      const start = i++;
      while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
      last = text.slice(start, i + 1);
    } else if (char === ':') {
      const key = JSON.parse(last) as string;
      const keys = around.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}
