/** Tensors in files of their own, as a checkpoint on disk would hand them out. */
import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalTensor } from '../../stages/checkpoint/checkpoint.ts';
import type { Body } from '../../stages/graph/families.ts';
import { random } from '../../stages/math/random.ts';

/** The name shows which test left it, should one be killed. */
export function scratch(name: string): string {
  return realpathSync(mkdtempSync(join(tmpdir(), `deltasift-${name}-`)));
}

export function localTensor(folder: string, name: string, values: Float32Array, shape: readonly number[]): LocalTensor {
  const path = join(folder, name);
  writeFileSync(path, values);
  return { name, dtype: 'F32', shape, file: name, path, offset: 0, bytes: values.byteLength };
}

/** [n] numbers of a stream, uniform in [-scale, scale]. */
export function uniformValues(seed: number): (stream: number, n: number, scale: number) => Float32Array {
  const draw = random(seed);
  return (stream, n, scale) => Float32Array.from(draw.words(stream, 0, n), (word) => scale * (word / 2 ** 31 - 1));
}

/** A body whose hidden state at a position is looked up by the token there. */
export function lookupBody(states: LocalTensor): Body {
  const [, width = 0] = states.shape;
  return { width, build: (g, _weights, ids) => g.gather(states, ids) } as Partial<Body> as Body;
}
