/** A command's flags, read off its config schema. */
import { z } from 'zod';
import { flagOf } from '../config/resolve.ts';
import type { Command } from './command.ts';

export interface Flag {
  readonly setting: string;
  /** As in the help: `--window <N>`; `<ID>` where it is given by position. */
  readonly syntax: string;
  readonly description: string;
  /** Undefined where there is none. */
  readonly standard: string | undefined;
  readonly required: boolean;
  /** What the text on the command line stands for; what does not look like it stays text, for the schema to refuse. */
  read(text: string): unknown;
}

/** What JSON Schema says of a setting. */
interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly items?: { readonly enum?: readonly string[] };
  readonly default?: unknown;
  readonly description: string;
  readonly placeholder?: string;
  readonly fileOnly?: boolean;
}

export function flagsOf({ config, argument }: Command): readonly Flag[] {
  const { properties, required = [] } = z.toJSONSchema(config, { io: 'input' });
  const flags = Object.entries(properties as Record<string, Property>).filter(([, { fileOnly }]) => fileOnly !== true);
  return flags.map(([setting, property]) => ({
    setting,
    syntax: setting === argument ? `<${setting.toUpperCase()}>` : syntaxOf(setting, property),
    description: property.description,
    standard: property.default === undefined ? undefined : String(property.default),
    required: required.includes(setting),
    read: (text) => parsed(text, property.type),
  }));
}

function syntaxOf(setting: string, { type, enum: choices, items, placeholder }: Property): string {
  if (type === 'boolean') return flagOf(setting);
  return `${flagOf(setting)} <${placeholder ?? choices?.join('|') ?? items?.enum?.join(',') ?? 'N'}>`;
}

function parsed(text: string, type: string | undefined): unknown {
  if (type === 'integer' && /^-?\d+$/.test(text)) return Number(text);
  if (type === 'number' && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  return type === 'array' ? text.split(',') : text;
}
