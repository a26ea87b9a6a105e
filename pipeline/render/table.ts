/** Rows under a header, columns wide enough for what they hold; the last one is cut where the line would pass `width`. */
export interface Column<Row> {
  readonly name: string;
  readonly align: 'left' | 'right';
  cell(row: Row): string;
}

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string {
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ cell }) => cell(row)))];
  const widths = columns.map((_, c) => Math.max(...lines.map((line) => line[c]!.length)));
  return lines
    .map((line) =>
      line.map((cell, c) => (columns[c]!.align === 'left' ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))),
    )
    .map((line) => `${line.join('  ').trimEnd().slice(0, width).trimEnd()}\n`)
    .join('');
}
