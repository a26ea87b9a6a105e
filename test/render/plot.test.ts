import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { escaped, histogram, linePlot } from '../../pipeline/render/plot.ts';

const options = { title: 'A & B', x: 'x', y: 'y' };
const pathsOf = (svg: string) => [...svg.matchAll(/ d="([^"]+)"/g)].map(([, path]) => path!);
const numbers = (path: string) => path.match(/[\d.]+/g)!.map(Number);

describe('plots', () => {
  test('a line runs from corner to corner of its range, upwards on the page where values rise', () => {
    const [path] = pathsOf(linePlot([{ name: 's', points: [[0, 0], [5, 10]] }], options)); // biome-ignore format: a pair a point
    const [x0, y0, x1, y1] = numbers(path!) as [number, number, number, number];
    assert.ok(x0 < x1 && y0 > y1);
  });

  test('a histogram has the shares of the values: as much in all as there are series', () => {
    const svg = histogram(
      [
        { name: 'a', values: [0, 0, 0, 1] },
        { name: 'b', values: [1] },
      ],
      { title: 't', x: 'x' },
      2,
    );
    const [a, b] = pathsOf(svg).map((path) => numbers(path).filter((_, i) => i % 2 === 1));
    const [floor, top] = [Math.max(...a!), Math.min(...b!)];
    const height = (y: number) => (floor - y) / (floor - top);
    assert.deepEqual(
      a!.slice(1, -1).map((y) => Number(height(y).toFixed(2))),
      [0.75, 0.75, 0.25, 0.25],
    );
    assert.deepEqual(
      b!.slice(1, -1).map((y) => Number(height(y).toFixed(2))),
      [0, 0, 1, 1],
    );
  });

  test('values that are all one are drawn all the same', () => {
    assert.doesNotMatch(histogram([{ name: 'a', values: [2, 2] }], { title: 't', x: 'x' }), /NaN|Infinity/);
    assert.doesNotMatch(linePlot([{ name: 'a', points: [[1, 1]] }], options), /NaN|Infinity/);
  });

  test('names cannot leave their element', () => {
    assert.equal(escaped('<a & "b">'), '&#60;a &#38; &#34;b&#34;&#62;');
    assert.doesNotMatch(linePlot([{ name: '<script>', points: [[0, 0], [1, 1]] }], options), /<script>/); // biome-ignore format: a pair a point
  });
});
