import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bodyOf } from '../../stages/graph/families.ts';
import { bodyModel } from '../../stages/graph/model.ts';
import { decodeModel } from '../../stages/graph/proto.ts';
import {
  assertAgrees,
  type Family,
  family,
  flipped,
  hiddenStates,
  lossesOf,
  relativeError,
} from '../kit/golden-family.ts';

const LOSS_ERROR = 1e-4;
/** What a config field must change a hidden state by, at least, to count as a change: GELU and its tanh form lie 2e-4 apart. */
const CHANGE = 1e-4;

const NAMES = ['gpt2', 'neox', 'llama', 'mistral', 'qwen2', 'qwen3'] as const;
const CASTS = ['gpt2-f16', 'llama-bf16'] as const;
const families = new Map([...NAMES, ...CASTS].map((name) => [name, family(name)]));

async function run({ config, architecture, tensors }: Family, ids: readonly number[]) {
  const [hidden] = await hiddenStates(bodyOf({ config, architecture, tensors }), tensors, [ids]);
  return hidden!;
}

for (const [name, saved] of families) {
  describe(name, () => {
    test('gives the hidden states and losses of transformers at 128 and 1,024 positions', async () => {
      for (const length of [128, 1024]) {
        const ids = saved.golden.ids.slice(0, length);
        const hidden = await run(saved, ids);
        assertAgrees(hidden, saved.golden);
        for (const [t, loss] of lossesOf(saved, hidden, ids).entries()) {
          const error = Math.abs(loss - saved.golden.loss[t]!);
          assert.ok(error <= LOSS_ERROR, `the loss of token ${t + 1} is off by ${error}`);
        }
      }
    });

    test('sees nothing of the padding on the right', async () => {
      const texts = [200, 70, 1].map((length) => saved.golden.ids.slice(0, length));
      for (const hidden of await hiddenStates(bodyOf(saved), saved.tensors, texts)) assertAgrees(hidden, saved.golden);
    });

    test('is made of standard operators only, and leaves the weights where they are', () => {
      const bytes = bodyModel({ body: bodyOf(saved), weights: saved.tensors });
      const { graph, opsetImport } = decodeModel(bytes);
      assert.deepEqual(
        opsetImport.map(({ domain = '' }) => domain),
        [''],
      );
      const outside = graph.initializer.filter(
        ({ externalData }) => externalData !== undefined && externalData.length > 0,
      );
      assert.ok(outside.length >= bodyOf(saved).tensors.length);
    });
  });
}

for (const name of NAMES) {
  const saved = families.get(name)!;
  test(`${name}: a config field changes what it changes in transformers, and nothing else`, async () => {
    for (const flip of saved.golden.flips) {
      const variant = flipped(saved, flip);
      const ids = saved.golden.ids.slice(0, 256);
      const said = JSON.stringify({ set: flip.set, unset: flip.unset });
      const hidden = await run(variant, ids).catch((error: unknown) => assert.fail(`${said}: ${error}`));
      assert.doesNotThrow(() => assertAgrees(hidden, flip), said);

      const losses = lossesOf(variant, hidden, ids);
      const error = Math.max(...losses.map((loss, t) => Math.abs(loss - flip.loss[t]!)));
      assert.ok(error <= LOSS_ERROR, `${said}: losses are off by ${error}`);

      const changed = Object.entries(saved.golden.hidden).some(
        ([t, before]) => Number(t) < ids.length && relativeError(hidden[Number(t)]!, before) > CHANGE / 2,
      );
      if (flip.changes >= CHANGE) assert.ok(changed, `${said} should change the hidden states`);
      else assert.ok(!changed, `${said} should change nothing`);
    }
  });
}

test('a base model published without the prefix of the whole is the same model', async () => {
  for (const name of NAMES) {
    const saved = families.get(name)!;
    const bare = [...saved.tensors].map(
      ([tensor, place]) => [tensor.replace(/^(transformer|gpt_neox|model)\./, ''), place] as const,
    );
    const ids = saved.golden.ids.slice(0, 128);
    assertAgrees(await run({ ...saved, tensors: new Map(bare) }, ids), saved.golden);
  }
});

test('a shorter limit on the tokens that may come changes no state', async () => {
  for (const name of ['neox', 'mistral'] as const) {
    const saved = families.get(name)!;
    const body = bodyOf(saved);
    const limited = {
      ...body,
      build: (...[g, weights, ids]: Parameters<typeof body.build>) => body.build(g, weights, ids, 90),
    };
    const [hidden] = await hiddenStates(limited, saved.tensors, [saved.golden.ids.slice(0, 90)]);
    assertAgrees(hidden!, saved.golden);
  }
});
