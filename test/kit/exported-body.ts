/** The body that torch exported from the golden Llama, and changed copies of it. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeModel, encodeModel, type ModelProto } from '../../stages/graph/proto.ts';

export const EXPORTED = fileURLToPath(new URL('../golden/onnx/llama.onnx', import.meta.url));

/** A copy of the model, changed, in a folder of its own below `folder`. */
export function changedExport(folder: string, name: string, change: (model: ModelProto) => ModelProto): string {
  const own = join(folder, name);
  mkdirSync(own, { recursive: true });
  copyFileSync(`${EXPORTED}.data`, join(own, 'llama.onnx.data'));
  const file = join(own, 'model.onnx');
  writeFileSync(file, encodeModel(change(decodeModel(readFileSync(EXPORTED)))));
  return file;
}

/** An input or output of a graph; a name stands for a size known at run time only. */
export function valueInfo(name: string, elemType: number, ...sizes: readonly (number | string)[]) {
  const dim = sizes.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}
