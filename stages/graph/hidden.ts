/** Final hidden states of texts: where a delta is asked which tokens it prefers. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Body } from './families.ts';
import { bodyModel, HIDDEN, IDS } from './model.ts';
import type { Provider } from './providers.ts';
import { openSession } from './session.ts';

export interface HiddenOptions {
  readonly body: Body;
  readonly providers: readonly Provider[];
  readonly threads: number;
}

/**
 * Hidden states [n,d] after the last norm, of every position of every text, one text to a run.
 * @param texts token ids of each, no longer than the body's limit
 */
export async function hiddenStates(
  base: Checkpoint,
  texts: readonly Int32Array[],
  { body, providers, threads }: HiddenOptions,
): Promise<Float32Array> {
  const maxTokens = texts.reduce((longest, ids) => Math.max(longest, ids.length), 1);
  const model = bodyModel({ body, weights: await base.local(body.tensors), maxTokens });
  const session = await openSession({ model, providers, threads });
  try {
    const positions = texts.reduce((sum, ids) => sum + ids.length, 0);
    const states = new Float32Array(positions * body.width);
    let at = 0;
    for (const ids of texts) {
      const data = BigInt64Array.from(ids, BigInt);
      const { [HIDDEN]: hidden } = await session.run({ [IDS]: { data, dims: [1, ids.length] } });
      states.set(hidden!.data, at);
      at += hidden!.data.length;
    }
    return states;
  } finally {
    await session.close();
  }
}

/** Passages of plain prose in several registers, for hidden states as they occur where nobody brings text of their own. */
export const TYPICAL_TEXTS: readonly string[] = [
  'The council met on Tuesday evening to discuss the new bridge. Several residents spoke against the plan, saying that the road was busy enough already. A decision is expected before the end of the month.',
  'She put the letter back into its envelope and looked out of the window. Nothing moved in the street but a cat, and the rain had almost stopped. "We could still go," she said, without turning round.',
  'To install the package, open a terminal and run the command below. If the server does not start, check that the port is free and that the configuration file can be read. See the manual for a list of all options.',
  'In this experiment we measured the temperature of the water every five minutes. The results show a clear increase during the first hour, followed by a slow return to the starting value. Further work is needed to explain the difference.',
  'Heat the oil in a large pan, add the onions and cook them until soft. Stir in the flour, pour over the stock and let it simmer for twenty minutes. Serve hot with bread and a little parsley.',
  'Hi Anna, thanks for your message. I will be travelling until Friday, but we can talk on the phone before that if you like. Please send me the numbers again, I cannot find them any more. Best wishes, Tom',
  'The company reported higher profits for the third quarter, helped by strong sales in Asia. Shares rose by four percent in early trading. Analysts had expected a smaller increase, given the weak economy at home.',
  'The river rises in the mountains to the north and reaches the sea after about two hundred miles. Along its course lie three large towns and many villages, most of them founded in the twelfth century.',
];
