/** The basis of a base's replay records, from what the base says of typical text. */
import type { Basis } from '../../schemas/types.ts';
import type { Checkpoint } from '../../stages/checkpoint/checkpoint.ts';
import type { Tokenizer } from '../../stages/checkpoint/tokenizer.ts';
import type { Body } from '../../stages/graph/families.ts';
import { TYPICAL_TEXTS } from '../../stages/graph/hidden.ts';
import type { Provider } from '../../stages/graph/providers.ts';
import { typicalOf } from '../../stages/graph/typical.ts';
import { basisOf } from '../../stages/replay/basis.ts';

/** Runs the base over a few passages, on the CPU: the same basis wherever it is made, up to rounding. */
export async function openBasis(
  { base, body, tokenizer }: { readonly base: Checkpoint; readonly body: Body; readonly tokenizer: Tokenizer },
  threads: number,
): Promise<Basis> {
  const texts = TYPICAL_TEXTS.map((text) =>
    Int32Array.from([...tokenizer.specials.before, ...tokenizer.encode(text)].slice(0, body.positions)),
  );
  const providers: readonly Provider[] = ['cpu'];
  return basisOf(await typicalOf(base, texts, { body, providers, threads }), body.width);
}
