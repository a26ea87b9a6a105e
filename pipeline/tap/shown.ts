/** A message for people: a line that says which it is, and one for each field of its value. */
import { printable } from '../render/printable.ts';
import type { Tapped } from './message.ts';

/** Numbers of an array, and bytes, that are shown. */
const FEW = 6;
const FEW_BYTES = 32;
/** Characters of a text, where the terminal does not say. */
const MOST_TEXT = 400;

/** @param width of the terminal; lines are cut there */
export function shown({ place, key, headers, bytes, value, fault }: Tapped, width: number): string {
  const named = Object.entries(headers).map(([name, text]) => `${name}: ${text}`);
  const lines = [
    `${place} ${key}${bytes === null ? '' : ` ${bytes} bytes`}`,
    ...named.map((line) => `  # ${line}`),
    ...(fault === null ? [] : [`  cannot be read: ${fault}`]),
    ...fieldsOf(value),
  ];
  const most = Number.isFinite(width) ? width : MOST_TEXT;
  return lines.map((line) => `${indentOf(line)}${printable(line.trimStart()).slice(0, most)}\n`).join('');
}

function indentOf(line: string): string {
  return line.slice(0, line.length - line.trimStart().length);
}

function fieldsOf(value: unknown, indent = '  '): readonly string[] {
  if (value === null) return [`${indent}(deletes its key)`];
  if (!isRecord(value)) return [`${indent}${one(value)}`];
  return Object.entries(value).flatMap(([name, field]) =>
    isRecord(field) ? [`${indent}${name}:`, ...fieldsOf(field, `${indent}  `)] : [`${indent}${name}: ${one(field)}`],
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Array.isArray(value);
}

function one(value: unknown): string {
  if (Buffer.isBuffer(value)) {
    return `${value.subarray(0, FEW_BYTES).toString('hex')}${value.length > FEW_BYTES ? '...' : ''} (${value.length} bytes)`;
  }
  if (ArrayBuffer.isView(value)) {
    const numbers = value as Float32Array;
    const first = Array.from(numbers.subarray(0, FEW), (number) => Number(number.toPrecision(4)));
    return `[${first.join(', ')}${numbers.length > FEW ? ', ...' : ''}] (${numbers.length})`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
