import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import { csv } from '../../pipeline/render/csv.ts';
import { parquet } from '../../pipeline/render/parquet.ts';
import { printable, printableLines } from '../../pipeline/render/printable.ts';
import { shade } from '../../pipeline/render/shade.ts';
import { table } from '../../pipeline/render/table.ts';
import { tokenTexts } from '../../pipeline/render/token-texts.ts';

const ESC = '\u001b';

describe('render', () => {
  test('a crawl cannot steer the terminal', () => {
    assert.equal(
      printable(`a\n\tb ${ESC}]0;title\u0007 \u009b2J \u202egnp.exe`),
      'a b \ufffd]0;title\ufffd \ufffd2J \ufffdgnp.exe',
    );
  });

  test('lines and tabs are kept where they are asked for', () => {
    assert.equal(printableLines(`a\r\n\tb\r${ESC}[2J\u0000`), 'a\n\tb\n\ufffd[2J\ufffd');
  });

  test("token texts join to the whole, and a character split over tokens is the last one's", () => {
    const bytes = [[0x61], [0xe2, 0x82], [0xac, 0x62], [0xff]].map((part) => Buffer.from(part));
    const decode = (ids: Int32Array) => Buffer.concat(Array.from(ids, (id) => bytes[id]!)).toString();
    assert.deepEqual(tokenTexts(Int32Array.of(0, 1, 2, 3), decode), ['a', '', '€b', '\ufffd']);
  });

  test('a table aligns its columns and ends at the width', () => {
    const columns = [
      { name: 'n', align: 'right', cell: (row: readonly [number, string]) => String(row[0]) },
      { name: 'text', align: 'left', cell: (row: readonly [number, string]) => row[1] },
    ] as const;
    const rows = [
      [1, 'short'],
      [10, 'longer than the line'],
    ] as const;
    assert.equal(table(columns, rows, 14), ' n  text\n 1  short\n10  longer tha\n');
  });

  test('csv quotes what needs it, and numbers come back as they were', () => {
    const row = { a: 'x,"y"\n', b: null, c: 0.1 + 0.2 };
    assert.equal(csv(['a', 'b', 'c'], [row]), 'a,b,c\r\n"x,""y""\n",,0.30000000000000004\r\n');
  });

  test('parquet gives back what it was given', async () => {
    const rows = [
      { id: 'é', url: null, n: 3, x: -1 / 3 },
      { id: '', url: 'u', n: -1, x: 0 },
    ];
    const columns = [
      { name: 'id', type: 'STRING' },
      { name: 'url', type: 'STRING' },
      { name: 'n', type: 'INT32' },
      { name: 'x', type: 'DOUBLE' },
    ] as const;
    const file = parquet(columns, rows).slice().buffer;
    assert.deepEqual(await parquetReadObjects({ file }), rows);
  });

  test('shading is strongest where |value| is largest, and tells the sign by its colour', () => {
    const tokens = [
      { text: 'a', value: null },
      { text: 'b', value: 2 },
      { text: 'c', value: -1 },
      { text: 'd', value: 0 },
    ];
    assert.equal(
      shade(tokens, 'truecolor'),
      `a${ESC}[97;48;2;214;93;14mb${ESC}[0m${ESC}[97;48;2;19;49;101mc${ESC}[0md`,
    );
    assert.equal(shade(tokens, '256'), `a${ESC}[97;48;5;166mb${ESC}[0m${ESC}[97;48;5;23mc${ESC}[0md`);
    assert.equal(shade(tokens, 'none'), 'abcd');
  });
});
