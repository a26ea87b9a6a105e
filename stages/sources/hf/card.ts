/** What the card of a data set says of its files: the YAML at the head of its README.md. */
import { matchesGlob } from 'node:path/posix';
import { parse } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../../../pipeline/error.ts';

/** Some of the rows, by their name and the patterns of their files. */
export interface Split {
  readonly split: string;
  readonly patterns: readonly string[];
}

export interface DatasetConfig {
  readonly name: string;
  readonly isDefault: boolean;
  /** Null where the names of its files say it. */
  readonly splits: readonly Split[] | null;
  /** Folder below which its files lie; '' for all of it. */
  readonly folder: string;
}

const patterns = z.union([z.string(), z.array(z.string())]);
const cardSchema = z.looseObject({
  configs: z
    .array(
      z.looseObject({
        config_name: z.string().default('default'),
        default: z.boolean().default(false),
        data_dir: z.string().default(''),
        data_files: z.union([patterns, z.array(z.looseObject({ split: z.string(), path: patterns }))]).optional(),
      }),
    )
    .default([]),
});

/** @throws ConfigError where the card is there and cannot be read */
export function configsOf(readme: string): readonly DatasetConfig[] {
  const [, head] = /^\ufeff?---\r?\n(.*?)\r?\n---\s*(?:\r?\n|$)/s.exec(readme) ?? [];
  try {
    const { configs } = cardSchema.parse((head === undefined ? {} : parse(head)) ?? {});
    return configs.map(({ config_name: name, default: isDefault, data_dir: folder, data_files: files }) => ({
      name,
      isDefault,
      folder: folder.replace(/^\.?\/|\/$/g, ''),
      splits: files === undefined ? null : splitsOf(files),
    }));
  } catch (cause) {
    throw new ConfigError(`README.md: its head cannot be read as the card of a data set: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function splitsOf(files: string | readonly (string | { readonly split: string; readonly path: string | string[] })[]) {
  const list = (one: string | readonly string[]) => (typeof one === 'string' ? [one] : one);
  const named = typeof files === 'string' ? [files] : files;
  const plain = named.filter((one) => typeof one === 'string');
  const splits = named
    .filter((one) => typeof one !== 'string')
    .map(({ split, path }) => ({ split, patterns: list(path) }));
  return plain.length === 0 ? splits : [{ split: 'train', patterns: plain }, ...splits];
}

/** The config that is asked for: by its name, or the default one, or the only one. */
export function chosen(configs: readonly DatasetConfig[], name: string | undefined): DatasetConfig {
  const found =
    name === undefined
      ? (configs.find(({ isDefault }) => isDefault) ??
        configs.find((one) => one.name === 'default') ??
        (configs.length === 1 ? configs[0] : undefined))
      : configs.find((one) => one.name === name);
  if (found !== undefined) return found;
  if (configs.length === 0 && (name === undefined || name === 'default')) {
    return { name: 'default', isDefault: true, splits: null, folder: '' };
  }
  const there = configs.map((one) => one.name).join(', ') || 'none but default';
  throw new ConfigError(`the data set has no config ${name ?? 'by default'}: give one as config; there are ${there}`);
}

/** Words that name a split in a path, where no card does. */
const WORDS: Readonly<Record<string, RegExp>> = {
  train: /(^|[^a-z])(train|training)([^a-z]|$)/i,
  validation: /(^|[^a-z])(validation|valid|val|dev)([^a-z]|$)/i,
  test: /(^|[^a-z])(test|testing|eval|evaluation)([^a-z]|$)/i,
};

/** The split that a file belongs to; undefined where it is in none of the config. */
export function splitOf(name: string, { splits, folder }: DatasetConfig): string | undefined {
  if (folder !== '' && !name.startsWith(`${folder}/`)) return undefined;
  const own = folder === '' ? name : name.slice(folder.length + 1);
  if (splits !== null) {
    return splits.find(({ patterns: all }) => all.some((one) => matchesGlob(own, one.replace(/^\.\//, ''))))?.split;
  }
  return Object.keys(WORDS).find((split) => WORDS[split]!.test(own)) ?? shardedBy(own) ?? 'train';
}

/** Of data/SPLIT-00000-of-00004.parquet. */
function shardedBy(name: string): string | undefined {
  return /(?:^|\/)([\w.]+)-\d{5}-of-\d{5}[^/]*$/.exec(name)?.[1];
}
