import assert from 'node:assert/strict';

/**
 * Holds an output that a page shows to what was printed: its lines in their order and next to each other, save that `...` stands for
 * any lines. A line may be shown cut at the right. Seconds are not compared.
 */
export function assertShown(shown: string, printed: string): void {
  const lines = printed.split('\n').map(timeless);
  let from = 0;
  for (const part of shown.trimEnd().split(/^\.\.\.\n/m)) {
    const wanted = part.trimEnd().split('\n').map(timeless);
    const at = lines.findIndex(
      (_, i) => i >= from && wanted.every((line, j) => lines[i + j]?.startsWith(line) ?? false),
    );
    assert.notEqual(at, -1, `not printed:\n${part}\nbut:\n${lines.slice(from).join('\n')}`);
    from = at + wanted.length;
  }
}

function timeless(line: string): string {
  return line.trimEnd().replaceAll(/\d+\.\d s\b/g, '# s');
}
