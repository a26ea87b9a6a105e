import { z } from 'zod';
import { tokenTexts } from '../../render/token-texts.ts';
import { Problem } from '../problem.ts';
import { ofDelta, route } from '../route.ts';
import { documentLine, documentLineOf } from './document-line.ts';

export const document = route({
  path: '/api/deltas/{delta}/documents/{key}',
  summary: 'A document of the best, token by token',
  params: ofDelta.extend({ key: z.string().min(1).max(200).describe('its key') }),
  reply: documentLine.extend({
    gradientNorm: z.number(),
    window: z.int(),
    windows: z.int(),
    meanAlignment: z.number(),
    text: z.string(),
    shaded: z
      .array(z.strictObject({ text: z.string(), value: z.number().nullable() }))
      .describe('tokens of the best window, with what each adds to the alignment; null where it is not scored'),
  }),
  handle({ delta, key }, _, served) {
    const { id } = served.delta(delta);
    const found = served.view.document(id, key);
    if (found === undefined) {
      throw new Problem(404, `no document of the best of delta ${id} has the key ${key}: \`top\` lists them`);
    }
    const { gradientNorm, window, windows, meanAlignment, text, ids, tokens, tokenAlignment } = found;
    const first = ids.length - tokens;
    return {
      ...documentLineOf(found, served),
      gradientNorm,
      window,
      windows,
      meanAlignment,
      text,
      shaded: tokenTexts(ids, served.decode).map((token, i) => ({
        text: token,
        value: i < first ? null : tokenAlignment[i - first]!,
      })),
    };
  },
});
