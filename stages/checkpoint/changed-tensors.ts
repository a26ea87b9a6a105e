/** Which tensors differ between two checkpoints of one model. */
import { equalBytes } from './bytes.ts';
import type { Checkpoint, Tensor } from './checkpoint.ts';
import { equalUpToRounding } from './dtype.ts';

/** Of remote tensors only the beginning is compared: tuning changes a tensor all over. */
const REMOTE_BYTES = 64 << 10;

/** Names of the tensors that differ by more than the rounding of their types, those of several layers as one: `h.*.mlp.c_fc.weight (4 layers)`. */
export async function changedTensors(
  base: Checkpoint,
  tuned: Checkpoint,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const layers = new Map<string, number>();
  for (const [name, tensor] of base.tensors) {
    const other = tuned.tensors.get(name);
    if (other === undefined || name === base.head.name) continue;
    if (await sameTensor(tensor, other)) continue;
    const family = name.replace(/\.\d+\./, '.*.');
    layers.set(family, (layers.get(family) ?? 0) + 1);
  }
  return [...layers].map(([family, count]) => {
    if (!family.includes('.*.')) return family;
    return `${family} (${count} ${count === 1 ? 'layer' : 'layers'})`;
  });

  async function sameTensor(one: Tensor, other: Tensor): Promise<boolean> {
    if (`${one.shape}` !== `${other.shape}`) return false;
    const remote = base.remote || tuned.remote;
    if (one.dtype === other.dtype) {
      const range = { offset: 0, bytes: remote ? Math.min(one.bytes, REMOTE_BYTES) : one.bytes };
      return await equalBytes(base.raw(one.name, range, signal), tuned.raw(one.name, range, signal));
    }
    const rows = one.shape[0] ?? 1;
    const taken = remote ? Math.min(rows, Math.ceil((rows * REMOTE_BYTES) / one.bytes)) : rows;
    const [ours, theirs] = await Promise.all([base, tuned].map((side) => side.read(one.name, [0, taken], signal)));
    return ours!.every((value, i) => equalUpToRounding(value, one.dtype, theirs![i]!, other.dtype));
  }
}
