/** What a rule asks of its measure now, or how far it is from asking. */
import { type Calibration, COUNTED, type Threshold } from './calibration.ts';
import type { Level, Rule } from './rule.ts';

export type Armed =
  | { readonly armed: true; readonly threshold: Threshold }
  | { readonly armed: false; readonly seen: number; readonly needed: number; readonly reason: string };

/** By default no rule waits for more documents than this: what it then asks for is extrapolated. */
export const MOST_TO_ARM = 100_000;
/** Below that a tail cannot be told. */
const LEAST_TO_FIT = 10_000;
const DAY = 86_400;

export function armed(rule: Rule, level: Level, calibration: Calibration): Armed {
  if (level.kind === 'above') return armedAbove(rule, level.value, calibration);
  const { count } = calibration;
  if (level.kind === 'rate') return armedRate(rule, level.rate, calibration);
  const speed = calibration.perSecond();
  if (speed === undefined) {
    return {
      armed: false,
      seen: count,
      needed: count + 1,
      reason: 'ten minutes of documents are needed to know their speed',
    };
  }
  return armedRate(rule, Math.min(0.5, level.perDay / DAY / speed), calibration);
}

function armedAbove({ arm = 0 }: Rule, value: number, { count }: Calibration): Armed {
  if (count < arm) return arming(count, arm);
  return { armed: true, threshold: { rate: 0, value, low: value, high: value, extrapolated: false } };
}

function armedRate({ arm }: Rule, rate: number, calibration: Calibration): Armed {
  const toCount = Math.ceil(COUNTED / rate);
  const needed = Math.max(arm ?? Math.min(toCount, MOST_TO_ARM), Math.min(toCount, LEAST_TO_FIT));
  if (calibration.count < needed) return arming(calibration.count, needed);
  return { armed: true, threshold: calibration.threshold(rate) };
}

function arming(seen: number, needed: number): Armed {
  return { armed: false, seen, needed, reason: `${seen} of ${needed} documents` };
}
