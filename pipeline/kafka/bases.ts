/** What replay records on a cluster are written in, as the compacted topic has it. */
import { basisCodec } from '../../schemas/codec.ts';
import type { Basis } from '../../schemas/types.ts';
import type { Outgoing } from '../contract.ts';
import { type ClusterView, readAll } from './read-all.ts';

export const BASES = 'bases';

/** Workers that make one at the same time make it up to rounding: both are kept, and records name theirs. */
export function basisMessage(measurement: string, basis: Basis): Outgoing {
  return { topic: BASES, key: `${measurement}/${basis.id}`, value: basisCodec.encode(basis), headers: {} };
}

/** Those of a measurement, in the order of their ids. */
export async function readBases(
  cluster: ClusterView,
  measurement: string,
  signal: AbortSignal,
): Promise<readonly Basis[]> {
  const found = new Map<string, Basis>();
  await readAll(
    cluster,
    {
      topic: BASES,
      each({ key, value }) {
        if (value === null || !key.startsWith(`${measurement}/`)) return;
        const basis = basisCodec.decode(value);
        found.set(basis.id, basis);
      },
    },
    signal,
  );
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
