/** Writes types.ts from the .avsc files: `node schemas/generate.ts`. An unknown construct throws rather than become `any`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

interface Field {
  readonly name: string;
  readonly type: unknown;
  readonly doc?: string;
}
interface Schema {
  readonly type: 'record';
  readonly name: string;
  readonly doc: string;
  readonly fields: readonly Field[];
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: 'string',
  double: 'number',
  int: 'number',
  long: 'number',
  boolean: 'boolean',
  null: 'null',
  bytes: 'Buffer',
};
const LOGICAL: Readonly<Record<string, string>> = {
  float32s: 'Float32Array',
  float64s: 'Float64Array',
  int32s: 'Int32Array',
};

export function generate(): string {
  const folder = new URL('.', import.meta.url);
  const schemas = readdirSync(folder)
    .filter((file) => file.endsWith('.avsc'))
    .sort()
    .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Schema);
  return `/** Written by generate.ts from the .avsc files. */\n\n${schemas.map(record).join('\n')}`;
}

function record({ name, doc, fields }: Schema): string {
  const lines = fields.map(({ name: field, type, doc: note }) => {
    const comment = note === undefined ? '' : `  /** ${note} */\n`;
    return `${comment}  readonly ${field}: ${typeName(type)};\n`;
  });
  return `/** ${doc} */\nexport interface ${name} {\n${lines.join('')}}\n`;
}

function typeName(type: unknown): string {
  if (Array.isArray(type)) return type.map(typeName).reverse().join(' | ');
  if (typeof type === 'string' && PRIMITIVES[type] !== undefined) return PRIMITIVES[type];
  if (typeof type === 'object' && type !== null) {
    if ('logicalType' in type && LOGICAL[String(type.logicalType)] !== undefined)
      return LOGICAL[String(type.logicalType)]!;
    if ('symbols' in type) return (type.symbols as readonly string[]).map((symbol) => `'${symbol}'`).join(' | ');
  }
  throw new TypeError(`generate: no TypeScript type is known for ${JSON.stringify(type)}`);
}

if (import.meta.main) writeFileSync(new URL('types.ts', import.meta.url), generate());
