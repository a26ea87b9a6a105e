/** Pairs whose tuning data is known, in a folder of them, and stores that hold all of their documents. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deltasift } from '../../examples/demo/deltasift.ts';

/**
 * A folder of pairs holds, for each, `PAIR/tuned` beside `PAIR/base` and `PAIR/pool.jsonl`, or a checkpoint `PAIR` of the common
 * base `g-base`, whose documents are in `pools/pool_g.jsonl`. A line of a pool says by `leaked_by`, a list of tunings, or by `leaked`
 * whether a document is tuning data.
 */
export interface KnownPair {
  readonly name: string;
  readonly base: string;
  readonly tuned: string;
  /** Lines of `{id, text}`. */
  readonly pool: string;
  readonly documents: number;
  /** Ids of the tuning data. */
  readonly truths: ReadonlySet<string>;
}

interface PoolLine {
  readonly id: string;
  readonly leaked?: boolean;
  readonly leaked_by?: readonly string[];
}

/**
 * @param asked `PAIR`, or `PAIR:DOCUMENTS` for the first so many lines of its pool
 * @throws Error where the folder holds no such pair
 */
export function knownPair(folder: string, asked: string): KnownPair {
  const [name = '', most] = asked.split(':');
  const own = existsSync(join(folder, name, 'pool.jsonl'));
  const pool = own ? join(folder, name, 'pool.jsonl') : join(folder, 'pools', 'pool_g.jsonl');
  const tuned = own ? join(folder, name, 'tuned') : join(folder, name);
  for (const path of [pool, tuned])
    if (!existsSync(path)) throw new Error(`${folder} holds no pair ${name}: no ${path}`);
  const lines = jsonl<PoolLine>(pool).slice(0, most === undefined ? undefined : Number(most));
  const family = name.replace(/^(domain-lm)-.*/, '$1');
  const isTrue = ({ leaked, leaked_by: by }: PoolLine) => (by === undefined ? leaked === true : by.includes(family));
  return {
    name: asked,
    base: own ? join(folder, name, 'base') : join(folder, 'g-base'),
    tuned,
    pool,
    documents: lines.length,
    truths: new Set(lines.filter(isTrue).map(({ id }) => id)),
  };
}

export interface ScannedPair {
  readonly store: string;
  /** Lines of `--scores`. */
  readonly scores: string;
  /** A line `{id}` for each true document. */
  readonly truth: string;
}

/**
 * Scans all of a pair's documents into a store of the cache, unless it is there.
 * @param words further ones of `scan`
 */
export async function scanned(
  { name, base, tuned, pool, documents, truths }: KnownPair,
  cache: string,
  words: readonly string[],
  signal: AbortSignal,
): Promise<ScannedPair> {
  const limits = ['--limit', String(documents), '--pool', String(documents)];
  const asked = ['--base', base, '--tuned', tuned, '--source', `jsonl:${pool}`, ...limits, ...words];
  const folder = join(
    cache,
    `${name}-${createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 12)}`,
  );
  const made = {
    store: join(folder, 'store'),
    scores: join(folder, 'scores.jsonl'),
    truth: join(folder, 'truth.jsonl'),
  };
  if (existsSync(folder)) return made;
  const part = `${folder}.part`; // a scan that was ended goes on there
  mkdirSync(part, { recursive: true });
  const into = ['--store', join(part, 'store'), '--scores', join(part, 'scores.jsonl')];
  await deltasift(['scan', ...asked, ...into, '--keep', String(documents), '--threads', '1'], 'show', signal);
  writeFileSync(join(part, 'truth.jsonl'), [...truths].map((id) => `${JSON.stringify({ id })}\n`).join(''));
  renameSync(part, folder);
  return made;
}

export function jsonl<T>(file: string): readonly T[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as T);
}
