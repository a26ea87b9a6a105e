import { z } from 'zod';
import type { Format } from '../files/source.ts';

/** One format for files of two kinds, told by their names. Places of the two must differ in their fields. */
export function eitherFormat<A extends object, B extends object>(
  first: Format<A>,
  second: Format<B>,
  isFirst: (name: string) => boolean,
): Format<A | B> {
  return {
    kind: first.kind,
    place: z.union([first.place, second.place]),
    read: (input, after, signal) =>
      isFirst(input.name)
        ? first.read(input, after as A | undefined, signal)
        : second.read(input, after as B | undefined, signal),
    locate: (input, at, signal) =>
      isFirst(input.name) ? first.locate(input, at as A, signal) : second.locate(input, at as B, signal),
  };
}
