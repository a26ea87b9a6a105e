import { z } from 'zod';
import { Reject } from '../../../pipeline/contract.ts';
import { isMissing } from '../fetch/error.ts';
import type { Format } from '../files/source.ts';

const missing = z.strictObject({ missing: z.literal(true) });
type OrMissing<Place> = Place | z.infer<typeof missing>;

/** The same format of files that may not be there, and whose sizes nobody has asked for: one that is missing is a reject. */
export function orMissing<Place extends object>(format: Format<Place>): Format<OrMissing<Place>> {
  const isPlace = (place: OrMissing<Place>): place is Place => !('missing' in place);
  return {
    kind: format.kind,
    place: z.union([missing, format.place]),

    async *read(input, after, signal) {
      if (after !== undefined && !isPlace(after)) return;
      let size: number | null | undefined;
      try {
        size = (await input.open?.(signal))?.size;
      } catch (error) {
        if (!isMissing(error)) throw error;
        const reject = new Reject('unavailable', error.message);
        yield { place: { missing: true }, reject, bytes: Buffer.from(input.address) };
        return;
      }
      yield* format.read(size === undefined ? input : { ...input, size }, after, signal);
    },

    async locate(input, at, signal) {
      if (!isPlace(at))
        return { offset: 0, length: 0, within: 'the file is missing', bytes: Buffer.from(input.address) };
      const size = (await input.open?.(signal))?.size;
      return await format.locate(size === undefined ? input : { ...input, size }, at, signal);
    },
  };
}
