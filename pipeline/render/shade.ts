/** Tokens on a background that says how far each one pulls: orange along the delta, blue against it. */
import type { Colors } from '../environment.ts';

export interface Shaded {
  readonly text: string;
  /** Null for a token that is not scored: it stays as it is. */
  readonly value: number | null;
}

/** Red, green and blue at full strength. */
const ALONG = [214, 93, 14] as const;
const AGAINST = [38, 98, 201] as const;
/** Below this share of the strongest a shade cannot be told from none. */
const VISIBLE = 0.05;
const RESET = '\u001b[0m';

/** Shades are relative to the largest |value|; without colours the tokens are plain text. */
export function shade(tokens: readonly Shaded[], colors: Colors): string {
  const scale = Math.max(...tokens.map(({ value }) => Math.abs(value ?? 0)));
  if (colors === 'none' || scale === 0) return tokens.map(({ text }) => text).join('');
  return tokens
    .map(({ text, value }) => {
      const strength = (value ?? 0) / scale;
      return Math.abs(strength) < VISIBLE ? text : `${background(strength, colors)}${text}${RESET}`;
    })
    .join('');
}

/** @param strength in [-1, 1] */
function background(strength: number, colors: Exclude<Colors, 'none'>): string {
  const [r, g, b] = (strength >= 0 ? ALONG : AGAINST).map((channel) => Math.round(channel * Math.abs(strength)));
  const code = colors === 'truecolor' ? `2;${r};${g};${b}` : `5;${16 + 36 * cube(r!) + 6 * cube(g!) + cube(b!)}`;
  return `\u001b[97;48;${code}m`;
}

/** Nearest of the six levels 0, 95, 135, ... 255 that the 256-colour cube has for a channel. */
function cube(channel: number): number {
  return channel < 48 ? 0 : channel < 115 ? 1 : Math.min(5, Math.floor((channel - 35) / 40));
}
