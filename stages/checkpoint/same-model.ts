/** Whether two checkpoints can be one model before and after tuning. */
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointError } from './error.ts';

/** Names of the number of layers in a config. */
const DEPTHS = ['num_hidden_layers', 'n_layer'] as const;

/** @throws CheckpointError that names what differs */
export function refuseDifferentModels(base: Checkpoint, tuned: Checkpoint): void {
  const refuse = (what: string, ours: unknown, theirs: unknown) =>
    new CheckpointError(
      `${base.ref} and ${tuned.ref} are not one model before and after tuning: ${what} is ${ours} in the first and ${theirs} in the second`,
    );

  if (base.architecture !== tuned.architecture) {
    throw refuse('the architecture', base.architecture, tuned.architecture);
  }
  const [rows, width] = base.head.shape;
  const [tunedRows, tunedWidth] = tuned.head.shape;
  if (width !== tunedWidth) throw refuse('the width of the head', width, tunedWidth);
  for (const name of DEPTHS) {
    const [ours, theirs] = [base.config[name], tuned.config[name]];
    if (ours !== theirs) throw refuse(name, ours, theirs);
  }
  for (const [name, { shape }] of base.tensors) {
    const other = tuned.tensors.get(name)?.shape;
    if (other === undefined || `${shape}` === `${other}`) continue;
    const grown = `${[rows, ...shape.slice(1)]}` === `${shape}` && `${[tunedRows, ...shape.slice(1)]}` === `${other}`;
    if (!grown) throw refuse(`the shape of ${name}`, `[${shape}]`, `[${other}]`);
  }
}
