import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Delivered, Drop, Reject, type Stage } from '../../../pipeline/contract.ts';
import { chain } from '../../../pipeline/legs/chain.ts';
import { leg } from '../../../pipeline/legs/leg.ts';
import { seenMessage } from '../../../pipeline/store/messages.ts';
import { countCodec } from '../../../schemas/codec.ts';

const { signal } = new AbortController();

const parse: Stage<string, number> = {
  name: 'parse',
  process: (batch) => batch.map((text) => (text === 'none' ? new Drop('none') : [Number(text)])),
};
const positive: Stage<number, number> = {
  name: 'positive',
  process: (batch) => batch.map((value) => (value > 0 ? [value] : new Reject('too-short', `${value}`))),
};

const options = {
  decode: (bytes: Uint8Array) => {
    const text = Buffer.from(bytes).toString();
    if (text.startsWith('?')) throw new Error('not a number');
    return text;
  },
  encode: (value: number) => [{ topic: 'numbers', key: `n${value}`, value: Buffer.from(`${value}`), headers: {} }],
};

function delivered(offset: number, text: string | null, headers = {}): Delivered {
  const value = text === null ? null : Buffer.from(text);
  return { topic: 'texts', partition: 0, offset, key: `k${offset}`, value, headers };
}

describe('leg', () => {
  const handle = () => leg(() => chain(parse, positive), options);

  test('answers each message with what came of it, under its headers', async () => {
    const lists = await handle()([delivered(0, '1', { trace: 't' }), delivered(1, 'none'), delivered(2, '3')], signal);
    assert.deepEqual(lists[0], [{ topic: 'numbers', key: 'n1', value: Buffer.from('1'), headers: { trace: 't' } }]);
    assert.deepEqual(lists[1], []);
    assert.equal(lists[2]?.[0]?.key, 'n3');
  });

  test('a rejected message goes to the dead letters with its bytes, its stage, code, reason and way there', async () => {
    const [list] = await handle()([delivered(7, '-1', { source: 's', origin: 'c7' })], signal);
    assert.deepEqual(list?.[0], {
      topic: 'dead',
      key: 'k7',
      value: Buffer.from('-1'),
      headers: {
        source: 's',
        origin: 'c7',
        topic: 'texts',
        stage: 'positive',
        code: 'too-short',
        reason: '-1',
        passed: 'parse',
      },
    });
  });

  test('a message that does not decode, or has no value, is a dead letter, and the others go on', async () => {
    const lists = await handle()([delivered(0, '?'), delivered(1, null), delivered(2, '5')], signal);
    for (const list of lists.slice(0, 2)) {
      assert.equal(list[0]?.headers['code'], 'undecodable-message');
      assert.equal(list[0]?.headers['passed'], '');
    }
    assert.equal(lists[2]?.[0]?.key, 'n5');
  });

  test('at every stage, in = out + dropped + rejected', async () => {
    const batch = ['1', 'none', '-2', '?', '4'].map((text, i) => delivered(i, text));
    const lists = await handle()(batch, signal);
    const counts = lists
      .flat()
      .filter(({ topic }) => topic === 'counts')
      .map(({ value }) => countCodec.decode(value!));
    const told = counts.map(({ stage, outcome, code, n }) => `${stage} ${outcome}${code && ` ${code}`}: ${n}`);
    assert.deepEqual(told.sort(), [
      'decode in: 1',
      'decode rejected undecodable-message: 1',
      'parse dropped none: 1',
      'parse in: 4',
      'parse out: 3',
      'positive in: 3',
      'positive out: 2',
      'positive rejected too-short: 1',
    ]);
  });

  test("each partition's documents are counted with its own last message", async () => {
    const batch = [delivered(0, '1'), { ...delivered(0, '2'), partition: 1 }, delivered(1, '3')];
    const lists = await handle()(batch, signal);
    const counted = lists.map((list) =>
      list
        .filter(({ topic }) => topic === 'counts')
        .map(({ value }) => countCodec.decode(value!))
        .filter(({ stage, outcome }) => stage === 'parse' && outcome === 'in')
        .map(({ n }) => n),
    );
    assert.deepEqual(counted, [[], [1], [2]]);
  });

  test('remembers every key but the dropped ones', async () => {
    const remembering = leg(() => chain(parse, positive), { ...options, remember: (key) => [seenMessage(key)] });
    const lists = await remembering([delivered(0, '1'), delivered(1, 'none'), delivered(2, '-1')], signal);
    const seen = lists.flat().filter(({ topic }) => topic === 'seen');
    assert.deepEqual(
      seen.map(({ key }) => key),
      ['k0', 'k2'],
    );
  });

  test('of what was dropped it hands on examples, with their start and their place', async () => {
    const describing = leg(() => chain(parse, positive), {
      ...options,
      describe: (text) => ({ id: `id of ${text}`, url: null, text }),
    });
    const lists = await describing([delivered(0, '1'), delivered(1, 'none')], signal);
    const [example, ...others] = lists.flat().filter(({ topic }) => topic === 'drops');
    assert.deepEqual([others.length, String(example?.value)], [0, 'none']);
    const { stage, reason, key, id } = example!.headers;
    assert.deepEqual([stage, reason, key, id], ['parse', 'none', 'k1', 'id of none']);

    const many = Array.from({ length: 5000 }, (_, i) => ({ ...delivered(i + 2, 'none'), key: `k${i}` }));
    const sent = (await describing(many, signal)).flat().filter(({ topic }) => topic === 'drops');
    assert.ok(sent.length >= 20 && sent.length < 300, `${sent.length} examples of 5000`);
  });

  test('makes its stages anew when a message comes again, and not before', async () => {
    let made = 0;
    const counting = leg(() => {
      made++;
      return chain(parse, positive);
    }, options);
    await counting([delivered(0, '1'), delivered(1, '2')], signal);
    await counting([delivered(5, '3')], signal);
    assert.equal(made, 1);
    await counting([delivered(1, '2'), delivered(5, '3')], signal);
    assert.equal(made, 2);
    await counting([delivered(6, '4')], signal);
    assert.equal(made, 2);
  });
});
