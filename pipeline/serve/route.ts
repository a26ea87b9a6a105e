/** A route of the API as data: its path, what it takes and gives as schemas, and a function. The OpenAPI document is made of it. */
import { z } from 'zod';
import type { Served } from './served.ts';

export interface Route {
  /** With its parameters in braces: /api/deltas/{delta} */
  readonly path: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly reply: z.ZodType;
  /** Asks for no token. */
  readonly open: boolean;
  /** Of what is given. */
  readonly media: string;
  /** What it gives changes though the store does not. */
  readonly live: boolean;
  /** @throws Problem where there is nothing to give */
  handle(params: unknown, query: unknown, served: Served): unknown;
}

const NOTHING = z.strictObject({});
type Nothing = typeof NOTHING;

/** A route that changes something; what it takes is JSON. */
export interface Change {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  /** Of the body; undefined where it takes none. */
  readonly body: z.ZodObject | undefined;
  readonly reply: z.ZodType;
  /** Of an answer that says it is done. */
  readonly status: 200 | 201 | 204;
  /** Statuses of its refusals, and what each means. */
  readonly refusals: Readonly<Record<number, string>>;
  /** @throws Problem where it cannot be done */
  handle(params: unknown, body: unknown, served: Served, signal: AbortSignal): Promise<unknown>;
}

/** A change from a function of its checked parameters and body. */
export function change<
  Reply extends z.ZodType,
  Params extends z.ZodObject = Nothing,
  Body extends z.ZodObject = Nothing,
>(
  spec: Pick<Change, 'method' | 'path' | 'summary' | 'status'> & {
    readonly params?: Params;
    readonly body?: Body;
    readonly reply: Reply;
    readonly refusals?: Change['refusals'];
    handle(params: z.infer<Params>, body: z.infer<Body>, served: Served, signal: AbortSignal): Promise<z.infer<Reply>>;
  },
): Change {
  return { params: NOTHING, body: undefined, refusals: {}, ...spec } as Change;
}

/** A route from a function of its checked parameters. */
export function route<
  Reply extends z.ZodType,
  Params extends z.ZodObject = Nothing,
  Query extends z.ZodObject = Nothing,
>(spec: {
  readonly path: string;
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly reply: Reply;
  readonly open?: boolean;
  readonly media?: string;
  readonly live?: boolean;
  handle(params: z.infer<Params>, query: z.infer<Query>, served: Served): z.infer<Reply>;
}): Route {
  return { open: false, media: 'application/json', live: false, params: NOTHING, query: NOTHING, ...spec } as Route;
}

const MOST = 1000;

/** How a list is asked for page by page. */
export const paged = {
  limit: z.coerce.number().int().min(1).max(MOST).default(50).describe('at most so many to a page'),
  cursor: z.string().optional().describe('`next` of the page before; the first page where left out'),
} as const;

/** A page of a list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item),
    next: z.string().nullable().describe('cursor of the next page; null at the end'),
  });
}

export const ofDelta = z.strictObject({
  delta: z.string().min(1).max(100).describe('delta id, or enough of its beginning'),
});
