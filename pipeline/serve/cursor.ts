/** Where a page ended, as an opaque text that only this server can make sense of. */
import type { z } from 'zod';
import { Problem } from './problem.ts';

const MOST = 500;

export function cursorOf(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws Problem 400 where it is no cursor of this list */
export function placeOf<Place>(cursor: string | undefined, schema: z.ZodType<Place>): Place | undefined {
  if (cursor === undefined) return undefined;
  if (cursor.length <= MOST && /^[\w-]+$/.test(cursor)) {
    const parsed = schema.safeParse(parse(Buffer.from(cursor, 'base64url').toString()));
    if (parsed.success) return parsed.data;
  }
  throw new Problem(
    400,
    `cursor: expected the \`next\` of the page before, got ${JSON.stringify(cursor.slice(0, 80))}`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
