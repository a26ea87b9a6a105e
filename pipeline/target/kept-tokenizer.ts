/** The base's tokenizer, kept beside the store: documents are shown long after the checkpoint is gone. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TokenizerFiles } from '../../stages/checkpoint/checkpoint.ts';
import { type Tokenizer, tokenizerOf } from '../../stages/checkpoint/tokenizer.ts';
import { ConfigError } from '../error.ts';

const fileIn = (store: string): string => join(store, 'tokenizer', 'tokenizer.json');

/** Once: a store has one measurement, and that one tokenizer. */
export function keepTokenizer(store: string, { tokenizer }: TokenizerFiles): void {
  if (existsSync(fileIn(store))) return;
  mkdirSync(join(store, 'tokenizer'), { recursive: true });
  writeFileSync(fileIn(store), JSON.stringify(tokenizer));
}

/** @throws ConfigError where the store has none */
export function keptTokenizer(store: string): Tokenizer {
  const file = fileIn(store);
  if (!existsSync(file))
    throw new ConfigError(`${file} is missing: copy the base's tokenizer.json there, or scan again`);
  return tokenizerOf({ tokenizer: JSON.parse(readFileSync(file, 'utf8')), config: {} }, file);
}
