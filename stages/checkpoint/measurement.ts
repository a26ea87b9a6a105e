/** What numbers were measured with: scores, sketches and stores of different measurements must not be mixed. */
import { createHash } from 'node:crypto';
import type { Checkpoint } from './checkpoint.ts';

/** All that a number depends on beside the document and the delta. */
export interface MeasurementFields {
  /** Hash of the base's tensors: see `tensorsHash`. */
  readonly base: string;
  /** Hash of the tokenizer. */
  readonly tokenizer: string;
  readonly window: number;
  readonly stride: number;
  readonly maxWindows: number;
  /** Ids put before every window, comma-separated; empty for none. */
  readonly bos: string;
  readonly positions: 'all' | 'last';
  /** Points where the gradient is taken, comma-separated: see graph/point.ts. */
  readonly at: string;
  /** Layers whose gradient is taken: `head`. */
  readonly layers: string;
  readonly precision: string;
  /** Kind, width and seed of the sketch; `none` where there is none. */
  readonly projection: string;
  /** What a classifier is asked, as JSON; undefined for a language model. */
  readonly task?: string | undefined;
  /** Id of the delta, where a number of a window depends on it that is not its own: where `at` is more than the base. */
  readonly delta?: string | undefined;
  /** Hash of the whole tuned model, where it runs. */
  readonly tuned?: string | undefined;
}

export interface Measurement {
  /** sha-256 of the fields, hex. */
  readonly id: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** In this order those that are there are hashed, and differences are named. */
const FIELDS = [
  ...(['base', 'tokenizer', 'window', 'stride', 'maxWindows', 'bos'] as const),
  ...(['positions', 'at', 'layers', 'precision', 'projection'] as const),
  ...(['task', 'delta', 'tuned'] as const),
] satisfies readonly (keyof MeasurementFields)[];

export function measurement(values: MeasurementFields): Measurement {
  const entries = FIELDS.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]] as const]));
  const id = createHash('sha256')
    .update(JSON.stringify(['deltasift measurement 1', entries]))
    .digest('hex');
  return { id, fields: Object.fromEntries(entries) };
}

/** sha-256, hex, over names, types, shapes and bytes of tensors, in whatever order and files they are. */
export async function tensorsHash(
  checkpoint: Checkpoint,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  await checkpoint.local(names, signal); // whoever hashes a model runs it: its bytes cross the network once
  const tensors: unknown[] = [];
  for (const name of [...new Set(names)].sort()) {
    const bytes = createHash('sha256');
    for await (const piece of checkpoint.raw(name, undefined, signal)) bytes.update(piece);
    const { dtype, shape } = checkpoint.tensors.get(name)!;
    tensors.push([name, dtype, shape, bytes.digest('hex')]);
  }
  return createHash('sha256').update(JSON.stringify(tensors)).digest('hex');
}
