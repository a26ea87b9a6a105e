/** The small real pair of test/golden, and crawls cut from its documents. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
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

const HEAD = 'transformer.wte.weight';

/** A tuned checkpoint whose head moved as the pair's did, on one row in so many alone: into a folder that it makes. */
export function halfTuned(dir: string, every = 2): string {
  cpSync(tinyPair.base, dir, { recursive: true });
  const [base, tuned] = [tinyPair.base, tinyPair.tuned].map((side) => {
    const bytes = readFileSync(join(side, 'model.safetensors'));
    const length = Number(bytes.readBigUInt64LE());
    const { shape, data_offsets: offsets } = JSON.parse(bytes.toString('utf8', 8, 8 + length))[HEAD];
    return { bytes, start: 8 + length + offsets[0], width: shape[1] as number, rows: shape[0] as number };
  });
  for (let row = 0; row < base!.rows; row += every) {
    const size = 4 * base!.width;
    tuned!.bytes.copy(
      base!.bytes,
      base!.start + row * size,
      tuned!.start + row * size,
      tuned!.start + (row + 1) * size,
    );
  }
  writeFileSync(join(dir, 'model.safetensors'), base!.bytes);
  return dir;
}
