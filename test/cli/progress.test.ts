import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { progressLine, type ScanProgress } from '../../pipeline/scan/progress.ts';

function display(isTerminal: boolean, columns = 200) {
  let clock = 0;
  const written: string[] = [];
  const line = progressLine({ write: (text) => written.push(text), isTerminal, columns, now: () => clock });
  return { line, written, at: (ms: number) => (clock = ms) };
}

const progress = (documents: number, bytes = 0): ScanProgress => ({
  documents,
  tokens: documents * 100,
  best: documents === 0 ? undefined : { ranking: 0.25, id: 'a\u001b[2J' },
  source: { bytes, totalBytes: 1_000_000 },
});

describe('progress', () => {
  test('says documents/s, tokens/s, the share read, the time left and the best score', () => {
    const { line, written, at } = display(false);
    line.update(progress(0, 200_000));
    at(10_000);
    line.update(progress(1_234, 300_000));
    assert.equal(
      written.at(-1),
      '1,234 documents · 123 documents/s · 12,340 tokens/s · 30 % · ETA 1:10 · best 0.2500 a\ufffd[2J\n',
    );
  });

  test('redraws one line on a terminal, never wider than it, and writes a line every five seconds elsewhere', () => {
    for (const [isTerminal, expected] of [
      [true, 101],
      [false, 3],
    ] as const) {
      const { line, written, at } = display(isTerminal, 20);
      for (let ms = 0; ms <= 10_000; ms += 10) {
        at(ms);
        line.update(progress(ms));
      }
      assert.equal(written.length, expected);
      if (isTerminal) assert.ok(written.every((text) => text.startsWith('\r\u001b[2K') && text.length <= 5 + 19));
    }
  });

  test('rates follow the last ten seconds', () => {
    const { line, written, at } = display(false);
    for (let s = 0; s <= 60; s += 5) {
      at(s * 1000);
      line.update(progress(s <= 30 ? s * 1000 : 30_000 + (s - 30) * 10));
    }
    assert.match(written.at(-1)!, /^30,300 documents · 10 documents\/s/);
  });

  test('ends with the last state, and says nothing where there was none', () => {
    const { line, written, at } = display(true);
    line.update(progress(1));
    at(1);
    line.update(progress(2));
    line.end();
    assert.match(written.join(''), /1 documents.*2 documents.*\n$/s);
    const short = display(false);
    short.line.update(progress(2, 500_000));
    short.at(10);
    short.line.update(progress(2, 1_000_000));
    short.line.end();
    assert.match(short.written.at(-1)!, /^2 documents · 100 % · /);
    const silent = display(true);
    silent.line.end();
    assert.deepEqual(silent.written, []);
  });
});
