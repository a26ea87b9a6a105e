/** A text encoder of the user's own: an ONNX file that turns token ids into states, or into one vector for the text. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ConfigError } from '../../pipeline/error.ts';
import { tokenizerOf } from '../checkpoint/tokenizer.ts';
import { meanRow } from '../math/mean-row.ts';

export interface Encoder {
  /** One vector [d] for a text; of states [1,T,d] their mean. */
  embed(text: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Tokens of a text that are read; what encoders of sentences mostly take. */
const MAX_TOKENS = 256;
const FEEDABLE: ReadonlySet<string> = new Set(['input_ids', 'attention_mask', 'token_type_ids']);

/**
 * Its tokenizer.json stands in the same folder.
 * @throws ConfigError where there is none, the file cannot be loaded, or it wants inputs besides ids, mask and token types
 */
export async function openEncoder(file: string, threads: number): Promise<Encoder> {
  const path = join(dirname(file), 'tokenizer.json');
  const tokenizer = tokenizerOf({ tokenizer: readTokenizer(path), config: {} }, path);
  const { before, after } = tokenizer.specials;
  const session = await load(file, threads);
  const foreign = session.inputNames.find((name) => !FEEDABLE.has(name));
  if (foreign !== undefined || !session.inputNames.includes('input_ids')) {
    throw new ConfigError(
      `--encoder ${file}: has the inputs ${session.inputNames.join(', ')}; expected input_ids and at most attention_mask and token_type_ids`,
    );
  }

  return {
    async embed(text) {
      const room = MAX_TOKENS - before.length - after.length;
      const ids = [...before, ...tokenizer.encode(text, room).subarray(0, room), ...after];
      const values: Readonly<Record<string, (id: number) => bigint>> = {
        input_ids: BigInt,
        attention_mask: () => 1n,
        token_type_ids: () => 0n,
      };
      const feeds = session.inputNames.map((name) => {
        const data = BigInt64Array.from(ids, (id) => values[name]!(id));
        return [name, new Tensor('int64', data, [1, ids.length])] as const;
      });
      const results = await session.run(Object.fromEntries(feeds));
      const { data, dims } = results[session.outputNames[0]!]!;
      return meanRow(data as Float32Array, dims.at(-1)!);
    },

    close: () => session.release(),
  };
}

function readTokenizer(path: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`--encoder: expected the encoder's tokenizer in ${path}: ${(error as Error).message}`);
  }
}

async function load(file: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(file, { intraOpNumThreads: threads, interOpNumThreads: 1 });
  } catch (error) {
    throw new ConfigError(`--encoder ${file}: ${(error as Error).message}`);
  }
}
