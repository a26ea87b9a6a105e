/** A tuning that left the head alone, as an adapter and merged into its base: one is as good as the other. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { safetensors, scratchFolder, type Written, writeFiles } from '../checkpoint/files.ts';
import { deltasift } from './run.ts';
import { tinyCrawl, tinyPair } from './tiny.ts';

const folder = scratchFolder('untouched-head');
const CRAWL = tinyCrawl(folder, 12);
const [RANK, ALPHA] = [3, 6];
/** As [in,out], the way GPT-2 stores them. */
const MODULES = { 'h.0.attn.c_attn': [64, 192], 'h.1.attn.c_proj': [64, 64], 'h.1.mlp.c_fc': [64, 256] } as const;

const base = await openCheckpoint(tinyPair.base, { cache: folder }, AbortSignal.timeout(60_000));
const prefix = base.head.name.replace('wte.weight', '');
const factor = (n: number, scale: number, phase: number) =>
  Array.from({ length: n }, (_, i) => Math.fround(scale * Math.sin(phase + i * i)));

const factors: Record<string, Written> = {};
const merged = join(folder, 'merged');
cpSync(tinyPair.base, merged, { recursive: true });
const bytes = Buffer.from(readFileSync(join(merged, 'model.safetensors')));
for (const [i, [module, [into, out]]] of Object.entries(MODULES).entries()) {
  const [a, b] = [factor(RANK * into, 0.2, i), factor(out * RANK, 0.2, 7 + i)];
  factors[`base_model.model.transformer.${module}.lora_A.weight`] = { shape: [RANK, into], data: a };
  factors[`base_model.model.transformer.${module}.lora_B.weight`] = { shape: [out, RANK], data: b };
  const { name, offset } = base.tensors.get(`${prefix}${module}.weight`)!;
  const before = await base.read(name);
  for (let row = 0; row < into; row++) {
    for (let column = 0; column < out; column++) {
      let sum = before[row * out + column]!;
      for (let r = 0; r < RANK; r++) sum += (ALPHA / RANK) * b[column * RANK + r]! * a[r * into + row]!;
      bytes.writeFloatLE(sum, offset + 4 * (row * out + column));
    }
  }
}
writeFiles(merged, { 'model.safetensors': bytes });
const config = { peft_type: 'LORA', r: RANK, lora_alpha: ALPHA, fan_in_fan_out: true };
const adapter = writeFiles(join(folder, 'adapter'), {
  'adapter_config.json': config,
  'adapter_model.safetensors': safetensors(factors),
});

interface Line {
  readonly id: string;
  readonly cosine: number;
  readonly alignment: number;
  readonly loss: number;
  readonly lossTunedHead: number;
  readonly lossTuned: number;
}

async function scanned(name: string, tuned: string, ...words: readonly string[]) {
  const [store, scores] = [join(folder, name), join(folder, `${name}.jsonl`)];
  const scan = ['scan', '--base', tinyPair.base, '--tuned', tuned, '--source', `jsonl:${CRAWL}`];
  const { code, err } = await deltasift([...scan, '--store', store, '--scores', scores, ...words]);
  assert.equal(code, 0, err);
  const lines: readonly Line[] = readFileSync(scores, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { lines, err };
}

function near(ours: readonly Line[], theirs: readonly Line[]): void {
  for (const [i, line] of ours.entries()) {
    const other = theirs[i]!;
    assert.ok(Math.abs(line.cosine - other.cosine) <= 1e-6, `${line.id}: ${line.cosine}, ${other.cosine}`);
    assert.ok(Math.abs(line.alignment / other.alignment - 1) <= 1e-4);
    assert.ok(Math.abs(line.lossTuned - other.lossTuned) <= 1e-5, `${line.lossTuned}, ${other.lossTuned}`);
  }
}

describe('a tuning that left the head alone', () => {
  test('is measured by the last MLP, and a note says so; adapter and merged checkpoint agree', async () => {
    const [ours, theirs] = [
      await scanned('adapter-scan', adapter, '--tuned-model'),
      await scanned('merged-scan', merged, '--tuned-model'),
    ];
    const note =
      /note: .*wte\.weight did not change, .*h\.1\.mlp\.c_fc\.weight of the last block's MLP did: --layers last-mlp is taken/;
    for (const { err } of [ours, theirs]) assert.match(err, note);
    near(ours.lines, theirs.lines);
    for (const { loss, lossTunedHead, lossTuned } of ours.lines) {
      assert.ok(Math.abs(loss - lossTunedHead) <= 1e-6);
      assert.ok(Math.abs(loss - lossTuned) > 1e-4);
    }
  });

  test('is measured at the tuned model too, the same by both', async () => {
    const [ours, theirs] = [
      await scanned('adapter-tuned', adapter, '--at', 'tuned'),
      await scanned('merged-tuned', merged, '--at', 'tuned'),
    ];
    near(ours.lines, theirs.lines);
  });

  test('at all positions is the mean of what the last positions of its beginnings say', async () => {
    const words = (window: number, positions: string) => ['--window', `${window}`, '--positions', positions];
    const { lines: whole } = await scanned('all-of-3', merged, ...words(3, 'all'));
    const lasts: (readonly Line[])[] = [];
    for (const window of [2, 3])
      lasts.push((await scanned(`last-of-${window}`, merged, ...words(window, 'last'))).lines);
    for (const [i, { id, alignment, loss }] of whole.entries()) {
      const mean = (of: (line: Line) => number) => lasts.reduce((sum, lines) => sum + of(lines[i]!), 0) / lasts.length;
      const expected = mean((line) => line.alignment);
      assert.ok(Math.abs(alignment - expected) <= 1e-5 * Math.abs(expected) + 1e-7, `${id}: ${alignment}, ${expected}`);
      assert.ok(Math.abs(loss - mean((line) => line.loss)) <= 1e-5);
    }
  });

  test('is refused where the head is asked for: exit 65', async () => {
    for (const tuned of [adapter, merged]) {
      const words = [
        'scan',
        '--base',
        tinyPair.base,
        '--tuned',
        tuned,
        '--source',
        `jsonl:${CRAWL}`,
        '--layers',
        'head',
      ];
      const { code, err } = await deltasift([...words, '--store', join(folder, 'refused')]);
      assert.equal(code, 65, err);
      assert.match(err, /did not change|identical/);
      assert.match(err, /--layers last-mlp/);
    }
  });

  test('delta says how far the last MLP moved, of an adapter and of a merged checkpoint', async () => {
    const reports = [];
    for (const tuned of [adapter, merged]) {
      const words = ['delta', '--base', tinyPair.base, '--tuned', tuned];
      const { out, err } = await deltasift(words);
      assert.match(out, /\n {2}.*h\.1\.mlp\.c_fc\.weight \[64, 256\]: \|D\| \d/);
      assert.match(err, /--layers last-mlp is taken/);
      reports.push(JSON.parse((await deltasift([...words, '--json'])).out));
    }
    const [ours, theirs] = reports;
    assert.deepEqual([ours.layers, theirs.layers, ours.tokens], ['last-mlp', 'last-mlp', undefined]);
    assert.ok(Math.abs(ours.norm / theirs.norm - 1) < 1e-5);
    assert.deepEqual(ours.tuned.modules.length, 3);
  });

  test('an adapter of the head is a delta of the head: its spectrum and the tokens it pushes are there', async () => {
    const [vocabulary = 0, width = 0] = base.head.shape;
    const headed = writeFiles(join(folder, 'head-adapter'), {
      'adapter_config.json': config,
      'adapter_model.safetensors': safetensors({
        'base_model.model.transformer.wte.lora_A.weight': { shape: [RANK, width], data: factor(RANK * width, 0.2, 1) },
        'base_model.model.transformer.wte.lora_B.weight': {
          shape: [vocabulary, RANK],
          data: factor(vocabulary * RANK, 0.2, 2),
        },
      }),
    });
    const words = ['delta', '--base', tinyPair.base, '--tuned', headed, '--json'];
    const { layers, spectrum, tokens, norm } = JSON.parse((await deltasift(words)).out);
    assert.equal(layers, 'head');
    assert.ok(
      Math.abs(Math.hypot(...spectrum.values.slice(0, RANK)) / norm - 1) < 1e-5,
      'all of D in three directions',
    );
    assert.ok(spectrum.values[RANK] === undefined || spectrum.values[RANK] < 1e-4 * norm);
    assert.equal(tokens.up.length, 20);
  });
});
