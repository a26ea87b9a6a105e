/** A file of everything odd that WARC files hold, each between others. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Crawled } from '../../pipeline/contract.ts';
import { warc } from '../../stages/sources/warc.ts';
import { all, sourceContract } from '../kit/source.ts';
import { said } from './said.ts';
import { scratch } from './scratch.ts';
import { edges } from './warc-edges.ts';

const path = join(scratch({ 'edges.warc.gz': Buffer.concat(edges.map(({ bytes }) => bytes)) }), 'edges.warc.gz');
const make = () => warc.create(warc.config.parse({ path }));
const { signal } = new AbortController();
const records = await all(make(), undefined, signal);

/** Byte at which each member begins. */
const starts = edges.map((_, i) => edges.slice(0, i).reduce((sum, { bytes }) => sum + bytes.length, 0));

function memberOf({ cursor }: Crawled): number {
  const { member } = JSON.parse(cursor) as { readonly member: number };
  return starts.findLastIndex((start) => start <= member);
}

describe('a WARC file of edge cases', () => {
  for (const [i, { kind, outcomes }] of edges.entries()) {
    test(`gives of ${kind} what it should`, () => {
      const found = said(records.filter((one) => memberOf(one) === i));
      assert.equal(found.length, outcomes.length, found.join('\n'));
      for (const [j, outcome] of outcomes.entries()) {
        if (typeof outcome === 'string') assert.equal(found[j], outcome);
        else assert.match(found[j]!, outcome);
      }
    });
  }

  test('has each document in the place that its reader tells', async () => {
    for (const record of records.filter((one) => 'document' in one)) {
      const { offset, length, bytes } = await make().locate!(record.cursor, signal);
      const i = memberOf(record);
      assert.ok(offset >= starts[i]! && offset + length <= starts[i]! + edges[i]!.bytes.length, edges[i]!.kind);
      assert.match(Buffer.from(bytes.subarray(0, 9)).toString(), /^WARC\/1\.[01]\r/);
    }
  });
});

describe('the damaged ones among them', () => {
  const tail = join(
    scratch({ 'tail.warc.gz': Buffer.concat(edges.slice(-12).map(({ bytes }) => bytes)) }),
    'tail.warc.gz',
  );
  sourceContract({ make: () => warc.create(warc.config.parse({ path: tail })) });
});
