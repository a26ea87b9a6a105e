/** A few of what is dropped, drawn evenly: which rules bite, on what. */
import zlib from 'node:zlib';

/** Examples kept for each reason. */
export const EXAMPLES = 20;

export interface DropSample {
  /** Whether it is among the examples of its reason, of all that were offered so far. */
  offer(stage: string, reason: string, key: string): boolean;
}

/** Examples are those of the lowest places, which are drawn by the key: in whatever order and parts things come, the same are kept. */
export function dropSample(): DropSample {
  const kept = new Map<string, number[]>();
  return {
    offer(stage, reason, key) {
      const name = `${stage} ${reason}`;
      const places = kept.get(name) ?? [];
      kept.set(name, places);
      const place = placeOf(key);
      if (places.length === EXAMPLES && place >= places.at(-1)!) return false;
      places.push(place);
      places.sort((a, b) => a - b).splice(EXAMPLES);
      return true;
    },
  };
}

/** Drawn evenly, and the same for the same key. */
export function placeOf(key: string): number {
  return zlib.crc32(key);
}
