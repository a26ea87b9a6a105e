/** How much of a sequence has been there before, by lines and by stretches of words. */

/** Shares of all, each in [0, 1]. */
export interface Repeated {
  readonly items: number;
  readonly characters: number;
}

/** Items that are equal to an earlier one, by number and by characters. */
export function repeatedItems(items: readonly string[]): Repeated {
  const seen = new Set<string>();
  let repeated = 0;
  let characters = 0;
  let all = 0;
  for (const item of items) {
    all += item.length;
    if (seen.has(item)) {
      repeated++;
      characters += item.length;
    }
    seen.add(item);
  }
  return items.length === 0
    ? { items: 0, characters: 0 }
    : { items: repeated / items.length, characters: characters / all };
}

export interface Grams {
  /** The next longer stretches; those of one word at first. */
  longer(): void;
  /** Words of a stretch. */
  readonly n: number;
  /** Share of the characters of all words that lie in the most frequent stretch, the first of equals; 0 where none is there twice. */
  top(): number;
  /** Share of them that lie in stretches which were there before: all but the first of equal ones. */
  repeated(): number;
}

/**
 * The stretches of n words of a text, n from 1 on. Equal stretches have equal numbers, in the order in which they first come: those of
 * n words get theirs from the number of their first n - 1 words and that of their last, so nothing is hashed and nothing collides.
 */
export function grams(words: readonly string[]): Grams {
  const vocabulary = new Map<string, number>();
  const ids = Uint32Array.from(words, (word) => numberIn(vocabulary, word, vocabulary.size));
  const lengths = Uint32Array.from(words, (word) => word.length);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  let numbers = ids;
  let counts = countsOf(ids, vocabulary.size);
  let n = 1;

  /** Share of the characters that lie in stretches which `taken` takes; a word counts once. */
  function share(taken: (number: number) => boolean): number {
    let covered = 0;
    let end = 0; // words before this one are counted, or lie in no stretch that is taken
    for (const [at, number] of numbers.entries()) {
      if (!taken(number)) continue;
      for (let word = Math.max(end, at); word < at + n; word++) covered += lengths[word]!;
      end = at + n;
    }
    return total === 0 ? 0 : covered / total;
  }

  return {
    get n() {
      return n;
    },

    longer() {
      const known = new Map<number, number>();
      const next = new Uint32Array(Math.max(0, numbers.length - 1));
      let size = 0;
      for (const at of next.keys()) {
        // what holds a stretch that is there once is there once itself, and most of a text is
        const isRare = counts[numbers[at]!] === 1 || counts[numbers[at + 1]!] === 1;
        next[at] = isRare ? size : numberIn(known, numbers[at]! * 2 ** 26 + ids[at + n]!, size);
        if (next[at] === size) size++;
      }
      numbers = next;
      counts = countsOf(next, size);
      n++;
    },

    top() {
      const times = counts.reduce((most, count) => Math.max(most, count), 0);
      const most = times > 1 ? counts.indexOf(times) : -1;
      return share((number) => number === most);
    },

    repeated() {
      let known = 0;
      return share((number) => {
        if (number < known) return true;
        known++;
        return false;
      });
    },
  };
}

/** The number of a thing; of a new one `next`, which it then has. */
function numberIn<T>(numbers: Map<T, number>, thing: T, next: number): number {
  const known = numbers.get(thing);
  if (known !== undefined) return known;
  numbers.set(thing, next);
  return next;
}

/** How often each number is there [size]. */
function countsOf(numbers: Uint32Array, size: number): Uint32Array {
  const counts = new Uint32Array(size);
  for (const number of numbers) counts[number]!++;
  return counts;
}
