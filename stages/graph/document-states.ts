/** Final hidden states of scored windows, with the tokens that they have to predict: what a head is trained on. */
import type { Positions } from './head-trainer.ts';
import type { ScoredWindow } from './matrix.ts';
import { bodyModel, HIDDEN, IDS, type ModelParts } from './model.ts';
import type { Provider } from './providers.ts';
import { openSession } from './session.ts';

export interface DocumentStates {
  /** Of the window's scored tokens: the state before each [S,d], and the token itself [S]. */
  of(window: ScoredWindow): Promise<Positions>;
  /** d */
  readonly width: number;
  close(): Promise<void>;
}

export async function documentStates(
  parts: ModelParts,
  options: { readonly providers: readonly Provider[]; readonly threads: number },
): Promise<DocumentStates> {
  const { width } = parts.body;
  const session = await openSession({ model: bodyModel(parts), ...options });
  return {
    width,

    async of({ ids, tokens }) {
      const data = BigInt64Array.from(ids, BigInt);
      const { [HIDDEN]: hidden } = await session.run({ [IDS]: { data, dims: [1, ids.length] } });
      const first = ids.length - tokens;
      return {
        hidden: hidden!.data.slice((first - 1) * width, (ids.length - 1) * width),
        targets: ids.slice(first),
      };
    },

    close: () => session.close(),
  };
}
