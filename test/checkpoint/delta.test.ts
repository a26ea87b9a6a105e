import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Checkpoint, openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { type Delta, deltaRows, openDelta } from '../../stages/checkpoint/delta.ts';
import { rounded } from '../../stages/checkpoint/dtype.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { GPT2, safetensors, scratchFolder, TINY, type Written, writeFiles } from './files.ts';

const scratch = scratchFolder('delta');
const signal = AbortSignal.timeout(60_000);
const open = (folder: string): Promise<Checkpoint> => openCheckpoint(folder, { cache: scratch }, signal);
let made = 0;

async function checkpointOf(
  tensors: Readonly<Record<string, Written>>,
  config: object = {},
  vocabulary?: readonly string[],
): Promise<Checkpoint> {
  const folder = writeFiles(join(scratch, `${made++}`), {
    'config.json': { ...GPT2, ...config },
    'model.safetensors': safetensors(tensors),
  });
  if (vocabulary !== undefined) {
    const vocab = Object.fromEntries(vocabulary.map((token, id) => [token, id]));
    writeFiles(folder, { 'tokenizer.json': { model: { type: 'BPE', vocab, merges: [] } } });
  }
  return await open(folder);
}

const head = (values: readonly number[], width = 2): Readonly<Record<string, Written>> => ({
  'wte.weight': { shape: [values.length / width, width], data: values },
});
const BASE = [3, 0, 0, 4, 1, 1];
const TUNED = [3, 1, 2, 4, 1, 3];

const between = async (base: Checkpoint, tuned: Checkpoint): Promise<Delta> => await openDelta(base, tuned, signal);

async function refusal(base: Checkpoint, tuned: Checkpoint): Promise<string> {
  const error = await between(base, tuned).then(
    () => assert.fail('no refusal'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CheckpointError, String(error));
  return error.message;
}

/** Distinct directions, so that no row looks like another. */
function wide(rows: number, width: number): number[] {
  return Array.from({ length: rows * width }, (_, i) => Math.sin(1 + 17 * i + (i % 7) * i));
}

describe('the delta of two heads', () => {
  test('has the lengths of the reference, on a real pair', async () => {
    const delta = await between(await open(`${TINY}base`), await open(`${TINY}tuned`));
    assert.ok(Math.abs(delta.norm / 20.883024856006784 - 1) < 1e-12, String(delta.norm));
    assert.ok(Math.abs(delta.norm / delta.baseNorm - 0.4432) < 1e-4);
    assert.deepEqual(delta.vocabulary, { base: 2048, tuned: 2048, shared: 2048 });
    assert.equal(delta.width, 64);
    assert.deepEqual(delta.notes, []);
  });

  test('is base minus tuned', async () => {
    const delta = await between(await checkpointOf(head(BASE)), await checkpointOf(head(TUNED)));
    assert.deepEqual([...(await deltaRows(delta, [0, 3], signal))], [0, -1, -2, 0, 0, -2]);
    assert.deepEqual([...(await deltaRows(delta, [1, 2], signal))], [-2, 0]);
    assert.equal(delta.norm, 3);
    assert.equal(delta.baseNorm, Math.hypot(...BASE));
  });

  test('has an id of names, types, shapes and bytes of both sides, and of nothing else', async () => {
    const idOf = async (base: Promise<Checkpoint>, tuned: Promise<Checkpoint>) =>
      (await between(await base, await tuned)).id;
    const id = await idOf(checkpointOf(head(BASE)), checkpointOf(head(TUNED)));
    assert.equal(id, 'bf2b05fb06095fc5c9625e309189fbdcfdb34081074d1146e50862fc3ef7f3b4');
    assert.equal(
      await idOf(
        checkpointOf({ ...head(BASE), x: { shape: [1], data: [5] } }),
        checkpointOf(head(TUNED), { extra: 1 }),
      ),
      id,
    );
    const others = [
      idOf(checkpointOf(head(TUNED)), checkpointOf(head(BASE))),
      idOf(checkpointOf(head(BASE)), checkpointOf(head([...TUNED.slice(0, -1), 4]))),
      idOf(checkpointOf(head([...BASE.slice(0, -1), 0])), checkpointOf(head(TUNED))),
      idOf(checkpointOf({ 'lm_head.weight': head(BASE)['wte.weight']! }), checkpointOf(head(TUNED))),
      idOf(checkpointOf(head(BASE)), checkpointOf(head([...TUNED, 1, 1]))),
    ];
    assert.equal(new Set([id, ...(await Promise.all(others))]).size, 6);
  });

  test('is 0 on rows of the base that the tuned side lacks, and says so', async () => {
    const delta = await between(await checkpointOf(head(BASE)), await checkpointOf(head(TUNED.slice(0, 4))));
    assert.deepEqual(delta.vocabulary, { base: 3, tuned: 2, shared: 2 });
    assert.deepEqual([...(await deltaRows(delta, [0, 3], signal))], [0, -1, -2, 0, 0, 0]);
    assert.deepEqual([...(await deltaRows(delta, [2, 3], signal))], [0, 0]);
    assert.equal(delta.norm, Math.sqrt(5));
    assert.equal(delta.baseNorm, Math.hypot(...BASE));
    assert.match(delta.notes.join(), /base 3, tuned 2.*D is 0 on the base's last 1 rows/);
  });

  test('leaves out rows that the base lacks, and says so', async () => {
    const delta = await between(await checkpointOf(head(BASE)), await checkpointOf(head([...TUNED, 9, 9])));
    assert.deepEqual(delta.vocabulary, { base: 3, tuned: 4, shared: 3 });
    assert.equal(delta.norm, 3);
    assert.match(delta.notes.join(), /tuned side's last 1 rows/);
  });

  test('is refused where heads are identical, and the layers that changed are named', async () => {
    const layers = (change: number): Readonly<Record<string, Written>> => ({
      ...head(BASE),
      'h.0.attn.weight': { shape: [2], data: [1, 2 + change] },
      'h.1.attn.weight': { shape: [2], data: [1 + change, 2] },
      'h.0.mlp.weight': { shape: [2], data: [1, 2] },
      'ln_f.weight': { shape: [1], data: [1 + change] },
    });
    const message = await refusal(await checkpointOf(layers(0)), await checkpointOf(layers(1)));
    assert.match(
      message,
      /identical \(wte\.weight\): D = 0.*left the head alone, as LoRA.*h\.\*\.attn\.weight \(2 layers\), ln_f\.weight: a scan with --layers last-mlp/,
    );
    assert.match(await refusal(await checkpointOf(layers(0)), await checkpointOf(layers(0))), /same checkpoint twice/);
  });

  test('is refused where heads differ by the rounding of their types alone', async () => {
    const values = [0.1, -0.2, 0.3, 0.7, 1.1, 1e-3];
    const stored = (dtype: string, data: ArrayLike<number>): Readonly<Record<string, Written>> => {
      const bytes =
        dtype === 'F16'
          ? Float16Array.from(data)
          : Uint16Array.from(
              data,
              (value) => new Uint32Array(Float32Array.of(rounded(value, 'BF16')).buffer)[0]! >>> 16,
            );
      return { 'wte.weight': { dtype, shape: [3, 2], data: new Uint8Array(bytes.buffer) } };
    };
    for (const dtype of ['F16', 'BF16']) {
      const message = await refusal(await checkpointOf(head(values)), await checkpointOf(stored(dtype, values)));
      assert.match(message, /identical up to the rounding.*no other tensor differs/);
      assert.match(
        await refusal(await checkpointOf(stored(dtype, values)), await checkpointOf(head(values))),
        /rounding/,
      );
      const delta = await between(
        await checkpointOf(head(values)),
        await checkpointOf(stored(dtype, values.with(0, 0.15))),
      );
      assert.match(delta.notes.join(), new RegExp(`F32 and ${dtype}: rounding alone makes [\\d.]+ %`));
    }
  });

  test('is refused between different architectures, widths, depths and shapes', async () => {
    const base = await checkpointOf({ ...head(BASE), x: { shape: [2], data: [1, 2] } }, { n_layer: 2 });
    const cases: readonly (readonly [Promise<Checkpoint>, RegExp])[] = [
      [
        checkpointOf(head(TUNED), { n_layer: 2, architectures: ['LlamaForCausalLM'] }),
        /architecture is GPT2LMHeadModel .* LlamaForCausalLM/,
      ],
      [checkpointOf(head(TUNED, 3), { n_layer: 2 }), /width of the head is 2 .* 3/],
      [checkpointOf(head(TUNED), { n_layer: 3 }), /n_layer is 2 .* 3/],
      [
        checkpointOf({ ...head(TUNED), x: { shape: [3], data: [1, 2, 3] } }, { n_layer: 2 }),
        /shape of x is \[2\] .* \[3\]/,
      ],
    ];
    for (const [tuned, message] of cases) assert.match(await refusal(base, await tuned), message);
  });

  test('is refused where a value is not finite, with its place', async () => {
    const base = await checkpointOf(head(BASE));
    assert.match(await refusal(base, await checkpointOf(head(TUNED.with(5, NaN)))), /holds NaN at row 2, column 1/);
    assert.match(
      await refusal(await checkpointOf(head(BASE.with(2, -Infinity))), base),
      /holds -Infinity at row 1, column 0/,
    );
    assert.match(await refusal(base, await checkpointOf(head([...TUNED, 0, NaN]))), /row 3, column 1/);
  });

  test('is refused where the tokenizers show that the vocabulary was reordered', async () => {
    const base = await checkpointOf(head(BASE), {}, ['a', 'b', 'c']);
    const message = await refusal(base, await checkpointOf(head(TUNED), {}, ['b', 'a', 'c']));
    assert.match(message, /vocabulary was reordered: token 0 is "a" .* "b"/);
    assert.deepEqual((await between(base, await checkpointOf(head(TUNED), {}, ['a', 'b', 'c']))).notes, []);
    assert.deepEqual(
      (await between(base, await checkpointOf(head(TUNED)))).notes,
      [],
      'the tuned side needs no tokenizer',
    );
  });

  test('warns of another tokenizer and names the first token that differs', async () => {
    const base = await checkpointOf(head(BASE), {}, ['a', 'b', 'c']);
    const { notes } = await between(base, await checkpointOf(head(TUNED), {}, ['a', 'x', 'y']));
    assert.match(notes.join(), /differ in 2 tokens: token 1 is "b" .* "x"/);
    const grown = await between(base, await checkpointOf(head([...TUNED, 1, 1]), {}, ['a', 'b', 'c', 'd']));
    assert.equal(grown.notes.length, 1, 'a token more is no difference of the shared ones');
  });

  test('is refused where rows moved, though no tokenizer shows it', async () => {
    const base = wide(40, 8);
    const rows = Array.from({ length: 40 }, (_, row) => base.slice(row * 8, row * 8 + 8).map((value) => value * 1.01));
    const swapped = rows.with(3, rows[5]!).with(5, rows[3]!).flat();
    const message = await refusal(await checkpointOf(head(base, 8)), await checkpointOf(head(swapped, 8)));
    assert.match(message, /reordered.*5 holds the base's row 3|reordered.*3 holds the base's row 5/);
    await refusal(await checkpointOf(head(base, 8)), await checkpointOf(head(rows.reverse().flat(), 8)));
    const retrained = rows.reverse().with(3, wide(50, 8).slice(-8)).flat();
    assert.deepEqual(
      (await between(await checkpointOf(head(base, 8)), await checkpointOf(head(retrained, 8)))).notes,
      [],
    );
  });

  test('reads blocks of a head larger than one block to the same sums', async () => {
    const [rows, width] = [3000, 512];
    const base = Float32Array.from(wide(rows, width));
    const tuned = base.map((value, i) => value + (i % 3) / 8);
    const bytes = (values: Float32Array) => ({
      'wte.weight': { shape: [rows, width], data: new Uint8Array(values.buffer) },
    });
    const delta = await between(await checkpointOf(bytes(base)), await checkpointOf(bytes(tuned)));
    let sum = 0;
    for (let i = 0; i < base.length; i++) sum += (base[i]! - tuned[i]!) ** 2;
    assert.ok(Math.abs(delta.norm / Math.sqrt(sum) - 1) < 1e-12);
  });

  test('stops at an abort', async () => {
    const [base, tuned] = [await checkpointOf(head(BASE)), await checkpointOf(head(TUNED))];
    await assert.rejects(openDelta(base, tuned, AbortSignal.abort()), { name: 'AbortError' });
  });

  test('is that of the weights, wherever the folder is', async () => {
    const copy = join(scratch, 'copy');
    cpSync(`${TINY}tuned`, copy, { recursive: true });
    const base = await open(`${TINY}base`);
    assert.equal((await between(base, await open(copy))).id, (await between(base, await open(`${TINY}tuned`))).id);
    assert.equal(readFileSync(join(copy, 'model.safetensors')).length, 960_072);
  });
});
