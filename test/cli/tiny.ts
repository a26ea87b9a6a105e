/** The small real pair of test/golden, and crawls cut from its documents. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tokenizer } from '@huggingface/tokenizers';

const golden = (path: string): string => fileURLToPath(new URL(`../golden/tiny/${path}`, import.meta.url));
const json = (path: string) => JSON.parse(readFileSync(golden(path), 'utf8'));

export const tinyPair = { base: golden('base'), tuned: golden('tuned') } as const;

/** Writes the first `n` documents as JSON lines, and `more` behind them, to a file whose path it returns. */
export function tinyCrawl(folder: string, n: number, more: readonly object[] = [], name = 'crawl.jsonl'): string {
  const tokenizer = new Tokenizer(json('base/tokenizer.json'), json('base/tokenizer_config.json'));
  const documents: readonly { readonly id: string; readonly ids: number[] }[] = json('documents.json');
  const lines = documents
    .slice(0, n)
    .map(({ id, ids }) => ({ id, url: `https://example.org/${id}`, text: tokenizer.decode(ids) }));
  const path = join(folder, name);
  writeFileSync(path, [...lines, ...more].map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}
