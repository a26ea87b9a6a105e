/** Tensors in files of their own, as a checkpoint on disk would hand them out. */
import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalTensor } from '../../stages/checkpoint/checkpoint.ts';

/** The name shows which test left it, should one be killed. */
export function scratch(name: string): string {
  return realpathSync(mkdtempSync(join(tmpdir(), `deltasift-${name}-`)));
}

export function localTensor(folder: string, name: string, values: Float32Array, shape: readonly number[]): LocalTensor {
  const path = join(folder, name);
  writeFileSync(path, values);
  return { name, dtype: 'F32', shape, file: name, path, offset: 0, bytes: values.byteLength };
}
