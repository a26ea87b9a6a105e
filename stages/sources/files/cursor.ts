import { type ZodType, z } from 'zod';
import { ConfigError } from '../../../pipeline/error.ts';

/** Where a record of a source lies: the file, and the place in it. The cursor that names it resumes after it. */
export interface Located<Place> {
  readonly file: string;
  readonly place: Place;
}

export function writeCursor<Place>(kind: string, { file, place }: Located<Place>): string {
  return JSON.stringify({ [kind]: file, ...place });
}

/** @throws ConfigError where `cursor` was made by a source of another kind, or by none */
export function readCursor<Place>(kind: string, place: ZodType<Place>, cursor: string): Located<Place> {
  try {
    const { [kind]: file, ...rest } = z.record(z.string(), z.unknown()).parse(JSON.parse(cursor));
    return { file: z.string().parse(file), place: place.parse(rest) };
  } catch (cause) {
    throw new ConfigError(
      `a cursor of ${kind} is {"${kind}": FILE, ...}, but the one to resume after is ${cursor}: it belongs to another source. ` +
        'Give the source this store was made with, or another store.',
      { cause },
    );
  }
}
