import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CandidatePool, candidatePool, type PoolState } from '../stages/candidate-pool.ts';
import { liveSet } from '../stages/live-set.ts';
import { random } from '../stages/math/random.ts';
import { candidatePoolTwin } from './twins/candidate-pool.ts';

const WIDTH = 16;
const SIZE = 20;
const OPTIONS = { size: SIZE, width: WIDTH, deltaNorm: 1 };

/** Documents that share directions, under keys in no order; the delta is the first axis. */
function stream(seed: number, n: number) {
  const words = random(seed).words(0, 0, n * (WIDTH + 1));
  return Array.from({ length: n }, (_, i) => {
    const own = words.subarray(i * (WIDTH + 1), (i + 1) * (WIDTH + 1));
    const sketch = Float32Array.from(own.subarray(1), (word, j) => word / 2 ** 31 - 1 + (j === i % 3 ? 1 : 0));
    return { key: own[0]!.toString(16), alignment: sketch[0]!, gradientNorm: Math.hypot(...sketch), sketch };
  });
}
type Document = ReturnType<typeof stream>[number];

/** Offers the documents to a pool that is saved and opened again after every `restart`th; what it then holds. */
function run(documents: readonly Document[], restart: number, options = OPTIONS) {
  const members = new Map<string, Document & { readonly gain: number }>();
  let saved: PoolState | undefined;
  const open = (): CandidatePool =>
    candidatePool(options, {
      members: [...members.values()].reverse(),
      running: saved?.running,
      set: saved?.set,
    });
  let pool = open();
  for (const [i, document] of documents.entries()) {
    const taken = pool.offer(document);
    if (taken !== undefined) members.set(document.key, { ...document, gain: taken.gain });
    if (taken?.evicted !== undefined) assert.ok(members.delete(taken.evicted), 'what is pushed out was in');
    assert.ok(members.size <= options.size);
    if ((i + 1) % restart !== 0) continue;
    saved = pool.state();
    pool = open();
  }
  const { running, set } = pool.state();
  return { members, state: Buffer.concat([running, set]), set: liveSet(set) };
}

const told = ({ members }: ReturnType<typeof run>) =>
  [...members.values()].map(({ key, gain }) => ({ key, gain })).sort((a, b) => (a.key < b.key ? -1 : 1));

describe('candidate pool', () => {
  test('holds the running set, and beside it those of the largest residual gain', () => {
    const documents = stream(1, 300);
    const twin = candidatePoolTwin(
      documents.map(({ key, alignment, gradientNorm: norm, sketch }) => ({ key, alignment, norm, sketch })),
      OPTIONS,
    );
    assert.deepEqual(
      told(run(documents, documents.length)),
      twin.map(({ key, gain }) => ({ key, gain })),
    );
    assert.equal(twin.filter(({ inSet }) => inSet).length, SIZE / 4);
  });

  test('a pool of any size never loses a document of its running set', () => {
    for (const size of [1, 2, 3, 4, 9]) {
      const options = { ...OPTIONS, size };
      // a member of the set that was lost would be missed at the next restart
      assert.equal(run(stream(2, 200), 1, options).members.size, size);
    }
  });

  test('restarts change no bit of what it holds, wherever they fall', () => {
    const documents = stream(3, 150);
    const whole = run(documents, documents.length + 1);
    for (const restart of [1, 7]) {
      const broken = run(documents, restart);
      assert.deepEqual(told(broken), told(whole));
      assert.deepEqual(broken.state, whole.state);
    }
  });

  test('equal gains: the last key gives way', () => {
    const [one] = stream(4, 1);
    const equal = ['c', 'a', 'd', 'b'].map((key) => ({ ...one!, key, alignment: 0 }));
    const { members } = run(equal, 99, { ...OPTIONS, size: 3 });
    assert.ok(members.has('c'), 'the set holds the first');
    assert.deepEqual([...members.keys()].sort(), ['a', 'b', 'c']);
  });

  test('a document that is offered again changes nothing, and keys may hold anything', () => {
    const documents = stream(5, 30).map((document, i) => ({ ...document, key: `a "key",\n${i}` }));
    const once = run(documents.slice(0, SIZE), 1);
    const twice = run([...documents.slice(0, SIZE), ...documents.slice(0, SIZE)], 1);
    assert.deepEqual(told(twice), told(once));
    assert.deepEqual(twice.state, once.state);
  });

  test('says at any time which set it has picked and what changed: the exchanges, played again, lead there', () => {
    const documents = stream(6, 60);
    const { set, members } = run(documents, 4);
    const played = new Set<string>();
    for (const [i, { at, added, removed }] of set.recent.entries()) {
      assert.equal(at, i + 1);
      if (removed !== undefined) assert.ok(played.delete(removed), `${removed} was in`);
      played.add(added);
    }
    assert.equal(set.exchanges, set.recent.length);
    assert.ok(set.exchanges > SIZE / 4, 'some were exchanged');
    assert.deepEqual([...played].sort(), [...set.keys].sort());
    assert.ok(set.keys.every((key) => members.has(key)));
    assert.equal(set.recent.at(-1)!.cosine, set.cosine);
  });

  test('of a long stream the last exchanges are kept, and all are counted', () => {
    const { set } = run(stream(7, 4000), 500, { ...OPTIONS, size: 2000 });
    assert.equal(set.recent.length, 256);
    assert.ok(set.exchanges > 500);
    assert.equal(set.recent.at(-1)!.at, set.exchanges);
  });

  test('goes on from the state of an earlier version, which has the keys behind the values', () => {
    const documents = stream(8, 40);
    const members = new Map<string, Document & { readonly gain: number }>();
    const pool = candidatePool(OPTIONS, { members: [], running: undefined, set: undefined });
    for (const document of documents.slice(0, SIZE)) {
      members.set(document.key, { ...document, gain: pool.offer(document)!.gain });
    }
    const { running, set } = pool.state();
    const earlier = Buffer.concat([running, Buffer.from(JSON.stringify(liveSet(set).keys))]);
    const again = candidatePool(OPTIONS, { members: members.values(), running: earlier, set: undefined });
    for (const document of documents.slice(SIZE)) assert.deepEqual(again.offer(document), pool.offer(document));
    assert.deepEqual(liveSet(again.state().set).keys, liveSet(pool.state().set).keys);
  });
});
