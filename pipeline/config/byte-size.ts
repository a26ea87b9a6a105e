/** Sizes as people write them. */

const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

export const BYTE_SIZE = /^(\d+(?:\.\d+)?) ?(B|kB|MB|GB|TB)$/;

/** Bytes of a size that BYTE_SIZE matches. */
export function bytesOf(size: string): number {
  const [, number, unit] = BYTE_SIZE.exec(size)!;
  return Math.round(Number(number) * UNITS[unit!]!);
}
