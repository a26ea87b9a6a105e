/** The settings of a plug-in as a Markdown table, read off its schema. */
import { type ZodType, z } from 'zod';
import { markdownTable } from '../render/markdown.ts';

/** What JSON Schema says of a setting. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

export interface Setting {
  readonly name: string;
  readonly schema: Schema;
  readonly required?: boolean;
}

export function schemaOf(config: ZodType): Schema {
  return z.toJSONSchema(config, { io: 'input' }) as Schema;
}

export function settingsIn({ properties = {}, required = [] }: Schema): readonly Setting[] {
  return Object.entries(properties).map(([name, schema]) => ({ name, schema, required: required.includes(name) }));
}

/** A row a setting; those within another follow it, their names joined by dots. */
export function settingsTable(settings: readonly Setting[]): readonly string[] {
  return markdownTable(['setting', 'type', 'default', 'what it is'], settings.flatMap(rowsOf));
}

function rowsOf({ name, schema, required = false }: Setting): readonly (readonly string[])[] {
  const inner = settingsIn(schema).flatMap((within) => rowsOf({ ...within, name: `${name}.${within.name}` }));
  if (schema.description === undefined && inner.length > 0) return inner;
  const standard = required ? 'required' : inner.length > 0 ? '' : standardOf(schema);
  return [[`\`${name}\``, typeOf(schema), standard, schema.description ?? ''], ...inner];
}

function typeOf({ type, enum: choices, anyOf, items }: Schema): string {
  if (items !== undefined) return `list of ${typeOf(items)}`;
  const types = choices?.map((choice) => `\`${choice}\``).join(', ') ?? type;
  return types ?? [...new Set(anyOf?.map(typeOf))].join(' or ');
}

function standardOf({ default: standard }: Schema): string {
  return standard === undefined ? '' : `\`${Array.isArray(standard) ? JSON.stringify(standard) : standard}\``;
}
