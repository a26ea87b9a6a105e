/** Plots as inline SVG, coloured by the style sheet of the page that holds them: classes `s0`, `s1`, ... of series. */

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

export interface PlotOptions {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** By default as wide as the points. */
  readonly xRange?: readonly [number, number];
  readonly yRange?: readonly [number, number];
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [460, 300, 56, 12, 30, 44];

/** Lines through the points of each series, in the order given. */
export function linePlot(series: readonly Series[], options: PlotOptions): string {
  const frame = frameOf(series, options);
  const lines = series.map(({ points }, i) => {
    const path = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${frame.x(x)} ${frame.y(y)}`).join('');
    return `<path class="line s${i}" d="${path}"/>`;
  });
  return frame.svg(lines, series);
}

/** Shares of the values in bins of equal width, one outline for each series. */
export function histogram(
  series: readonly { readonly name: string; readonly values: readonly number[] }[],
  options: Omit<PlotOptions, 'y' | 'yRange'>,
  bins = 40,
): string {
  const [low, high] = extent(series.flatMap(({ values }) => values));
  const width = (high - low) / bins || 1;
  const counted = series.map(({ name, values }) => {
    const shares = new Float64Array(bins);
    for (const value of values) shares[Math.min(bins - 1, Math.floor((value - low) / width))]! += 1 / values.length;
    const steps = [...shares].flatMap((share, bin): [number, number][] => [
      [low + bin * width, share],
      [low + (bin + 1) * width, share],
    ]);
    return { name, points: [[low, 0] as const, ...steps, [high, 0] as const] };
  });
  const frame = frameOf(counted, { ...options, y: 'share of documents' });
  const shapes = counted.map(({ points }, i) => {
    const path = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${frame.x(x)} ${frame.y(y)}`).join('');
    return `<path class="area s${i}" d="${path}"/>`;
  });
  return frame.svg(shapes, counted);
}

function frameOf(series: readonly Series[], { title, x, y, xRange, yRange }: PlotOptions) {
  const all = series.flatMap(({ points }) => points);
  const [x0, x1] = xRange ?? extent(all.map(([at]) => at));
  const [y0, y1] = yRange ?? extent(all.map(([, value]) => value));
  const place = (value: number, [from, to]: readonly [number, number], [a, b]: readonly [number, number]) =>
    Number((a + ((value - from) / (to - from || 1)) * (b - a)).toFixed(1));
  const placeX = (value: number) => place(value, [x0, x1], [LEFT, WIDTH - RIGHT]);
  const placeY = (value: number) => place(value, [y0, y1], [HEIGHT - BOTTOM, TOP]);
  const horizontal = ticks(x0, x1).map(
    (tick) =>
      `<text class="tick" text-anchor="middle" x="${placeX(tick)}" y="${HEIGHT - BOTTOM + 16}">${label(tick)}</text>`,
  );
  const vertical = ticks(y0, y1).map(
    (tick) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${placeY(tick)}" y2="${placeY(tick)}"/>` +
      `<text class="tick" text-anchor="end" x="${LEFT - 6}" y="${placeY(tick) + 4}">${label(tick)}</text>`,
  );
  return {
    x: placeX,
    y: placeY,
    svg(shapes: readonly string[], named: readonly { readonly name: string }[]): string {
      const legend = named.map(({ name }, i) => `<li class="s${i}">${escaped(name)}</li>`).join('');
      return `<figure><svg role="img" aria-label="${escaped(title)}" viewBox="0 0 ${WIDTH} ${HEIGHT}">
<text class="title" x="${LEFT}" y="16">${escaped(title)}</text>
${[...vertical, ...horizontal, ...shapes].join('\n')}
<text class="axis" text-anchor="middle" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}">${escaped(x)}</text>
<text class="axis" text-anchor="middle" transform="translate(12 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">${escaped(y)}</text>
</svg><ul>${legend}</ul></figure>`;
    },
  };
}

function extent(values: readonly number[]): readonly [number, number] {
  return values.reduce(
    ([low, high], value): readonly [number, number] => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as readonly [number, number],
  );
}

/** About five round numbers: steps of 1, 2 or 5 times a power of ten. */
function ticks(from: number, to: number): readonly number[] {
  const rough = (to - from) / 5;
  if (!(rough > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  return Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

const label = (value: number) => String(Number(value.toPrecision(4)));

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
