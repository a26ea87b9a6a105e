/**
 * Where a gradient is taken: at the base; at the whole tuned model; or at the head W0 − a D on the base's body, a number a in (0, 1],
 * so that 1 is the tuned head on the base's body.
 */
export type Point = 'base' | 'tuned' | number;

/** What stands between commas: `base`, `tuned`, or a number from 0, which is the base, to 1. Undefined of anything else. */
export function pointOf(text: string): Point | undefined {
  if (text === 'base' || text === 'tuned') return text;
  const a = /^(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(a <= 1)) return undefined;
  return a === 0 ? 'base' : a;
}
