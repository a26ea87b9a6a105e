/** bench/RESULTS.md: a part for each section, written anew when that section is run. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

const FILE = new URL('RESULTS.md', import.meta.url);
const HEAD = `# Results

Written by \`npm run bench\`; every part says on what machine and at which commit. Speeds of two parts do not compare, ratios do.
`;

export function record(title: string, lines: readonly string[]): void {
  const parts = existsSync(FILE)
    ? readFileSync(FILE, 'utf8')
        .split(/^(?=## )/m)
        .slice(1)
        .map((part) => `${part.trimEnd()}\n`)
    : [];
  const part = `## ${title}\n\n${lines.join('\n')}\n\n${machine()}\n`;
  const place = parts.findIndex((other) => other.startsWith(`## ${title}\n`));
  const next = place < 0 ? [...parts, part] : parts.with(place, part);
  writeFileSync(FILE, `${[HEAD, ...next].join('\n').trimEnd()}\n`);
}

/** A Markdown table, the first column on the left, numbers on the right. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = columns.map((_, i) => Math.max(4, ...[columns, ...rows].map((cells) => cells[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(columns), line(rule), ...rows.map(line)];
}

export function machine(): string {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const onnxruntime = JSON.parse(
    readFileSync(new URL('../node_modules/onnxruntime-node/package.json', import.meta.url), 'utf8'),
  );
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  return [
    `Machine: ${cpus().length} cores, ${cpu?.model.trim()}, ${memory}, ${type()} ${release()}`,
    `Node ${process.versions.node}, onnxruntime-node ${onnxruntime.version}, commit ${git('rev-parse', '--short', 'HEAD')}.`,
  ].join('; ');
}
