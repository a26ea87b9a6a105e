/** A document as lists show it. */
import { z } from 'zod';
import { printable } from '../../render/printable.ts';
import type { Ranked } from '../../store/members.ts';
import type { Served } from '../served.ts';

/** Characters of its text. */
const SNIPPET = 240;

export const documentLine = z.strictObject({
  rank: z.int(),
  key: z.string(),
  id: z.string(),
  url: z.string().nullable(),
  host: z.string().nullable(),
  ranking: z.number().describe('what documents are ranked by'),
  score: z.number().describe('cos(G, D)'),
  standardError: z.number().nullable().describe('of the ranking, where it is an estimate; null where it is exact'),
  share: z.number().nullable().describe('share of all documents with this ranking or a lower one; null where none was'),
  alignment: z.number(),
  loss: z.number(),
  lossTunedHead: z.number(),
  tokens: z.int(),
  snippet: z.string(),
});

export function documentLineOf(ranked: Ranked, { quantiles }: Served): z.infer<typeof documentLine> {
  const { rank, key, id, url, ranking, cosine, standardError, alignment, loss, lossTunedHead, tokens, text, delta } =
    ranked;
  const { count, share } = quantiles(delta);
  return {
    rank,
    key,
    id,
    url,
    host: hostOf(url),
    ranking,
    score: cosine,
    standardError,
    share: count === 0 ? null : share(ranking),
    alignment,
    loss,
    lossTunedHead,
    tokens,
    snippet: printable(text.slice(0, 4 * SNIPPET)).slice(0, SNIPPET),
  };
}

/** Of an http or https address. */
export function hostOf(url: string | null): string | null {
  const parsed = url === null ? null : URL.parse(url);
  return parsed === null || !/^https?:$/.test(parsed.protocol) ? null : parsed.hostname;
}
