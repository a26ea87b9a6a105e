/** A number with its interval, as `value [low, high]`. */
export function intervalText(
  { value, low, high }: { readonly value: number; readonly low: number; readonly high: number },
  digits: number,
): string {
  return `${value.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}
