/** Durations as they are written in settings. */
import { z } from 'zod';

const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const FORM = /^(?<count>[1-9]\d*)(?<unit>ms|s|m|h)$/;

/** A setting such as 500ms, 30s, 5m or 2h. */
export const duration = z.string().regex(FORM, 'a whole number and ms, s, m or h, as in 30s');

/** @param text what `duration` accepts */
export function milliseconds(text: string): number {
  const { count, unit } = FORM.exec(text)!.groups!;
  return Number(count) * MS[unit as keyof typeof MS];
}
