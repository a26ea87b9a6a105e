/** Messages that were damaged or made up, through every leg as a worker runs it: each is a value or a dead letter. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Delivered } from '../../pipeline/contract.ts';
import { seenSet } from '../../pipeline/kafka/partition-state.ts';
import { openWire } from '../../pipeline/kafka/wire.ts';
import { type LegParts, legHandler } from '../../pipeline/legs/handlers.ts';
import { compareLeg, firstComparison } from '../../pipeline/near-duplicates/leg.ts';
import { INPUT, legPlan, STEPS } from '../../pipeline/topology.ts';
import { documentCodec, tokensCodec } from '../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import { singleObjectPrefix, unframe } from '../../schemas/wire-format.ts';
import { signatureIndex } from '../../stages/math/signature-index.ts';
import { DELTA, gradient, SKETCH_WIDTH, tokenize } from './promises/stages.ts';

const signal = AbortSignal.timeout(120_000);
const NOTHING = { best: () => [], pool: () => [], other: () => [], state: () => undefined, forget: () => [] };
const wire = await openWire({ format: 'single-object', registry: undefined, topicOf: (topic) => topic }, signal);
const parts: LegParts = {
  tokenize,
  gradient,
  deltas: [DELTA],
  keep: 10,
  pool: { size: 10, width: SKETCH_WIDTH },
  others: 10,
  longest: 100,
  rankBy: 'cosine',
  filters: [],
  unframe: wire.unframe,
  seen: async () => seenSet(100),
  saved: async () => NOTHING,
};

const COMPARING = { threshold: 0.8, partitions: 1 };
type Step = keyof typeof INPUT & ((typeof STEPS)[number] | 'compare');
const ALL: readonly Step[] = [...STEPS, 'compare'];

const legOf = (step: Step) =>
  step === 'compare'
    ? compareLeg({ ...COMPARING, unframe: wire.unframe, kept: async () => signatureIndex(100) })
    : legHandler(legPlan(step), parts);

/** A stage that is asked for another run's numbers ends the worker, with these words. */
const OTHER_RUN = /gradients carry the deltas|is none of/;

async function outcomes(step: Step, messages: readonly Delivered[]): Promise<readonly (string | undefined)[]> {
  const { handle, prepare } = legOf(step);
  await prepare(0, signal);
  const lists = await handle(messages, signal);
  return lists.map((list) => list.find(({ topic }) => topic === 'dead')?.headers['code']);
}

function delivered(step: Step, value: Buffer | null, offset = 0, headers = {}): Delivered {
  return { topic: INPUT[step], partition: 0, offset, key: 'k', value, headers };
}

/** A good message for each leg, as the leg before wrote it. */
const good: Record<Step, Buffer> = {} as Record<Step, Buffer>;
good.tokenize = documentCodec.encode({
  ...NO_PROVENANCE,
  key: 'ab',
  id: 'i',
  url: null,
  text: 'a text',
  source: 's',
  origin: 'o',
});
for (const [i, step] of STEPS.slice(0, -1).entries()) {
  const { handle, prepare } = legHandler(legPlan(step), parts);
  await prepare(0, signal);
  const [list] = await handle([delivered(step, good[step])], signal);
  good[STEPS[i + 1]!] = list!.find(({ topic }) => topic === INPUT[STEPS[i + 1]!])!.value!;
}
good.compare = firstComparison(tokensCodec.decode(good.gradient), COMPARING).value!;

/** Bytes changed, cut out, put in or said twice. */
function mutated(bytes: Buffer): fc.Arbitrary<Buffer> {
  const place = fc.nat(bytes.length - 1);
  return fc.oneof(
    fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
      const copy = Buffer.from(bytes);
      copy[at]! ^= bits;
      return copy;
    }),
    fc.tuple(place, fc.nat(40)).map(([at, n]) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + n)])),
    fc
      .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 12 }))
      .map(([at, more]) => Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])),
    fc.tuple(place, fc.nat(40)).map(([at, n]) => Buffer.concat([bytes, bytes.subarray(at, at + n)])),
    fc.uint8Array({ maxLength: 64 }).map((some) => Buffer.from(some)),
  );
}

describe('a message that is no good', () => {
  for (const step of ALL) {
    test(`for ${step} is a value or a dead letter, whatever was done to its bytes`, async () => {
      await fc.assert(
        fc.asyncProperty(mutated(good[step]), async (bytes) => {
          try {
            const [code, after] = await outcomes(step, [delivered(step, bytes), delivered(step, good[step], 1)]);
            assert.ok(code === undefined || code !== '', 'has a code');
            assert.equal(after, undefined, 'the message behind it is handled');
          } catch (error) {
            assert.match(String(error), OTHER_RUN);
          }
        }),
        { numRuns: 500 },
      );
    });

    test(`for ${step} claims what it likes: no memory is taken for it`, async () => {
      const { body } = unframe(good[step]);
      const prefix = good[step].subarray(0, good[step].length - body.length);
      // lengths of 2⁴⁰, 2³¹ − 1 and 2⁶², of −1 and −2⁴⁰, a number that never ends, and an Avro block of 2⁴⁰ items of 2⁴⁰ bytes
      const claims = [
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x40],
        [0xfe, 0xff, 0xff, 0xff, 0x0f],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        [0x01],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0x3f],
        Array<number>(40).fill(0xff),
        [0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40],
      ];
      const before = process.memoryUsage().rss;
      for (const claim of claims) {
        for (let at = 0; at < body.length; at++) {
          const bytes = Buffer.concat([prefix, body.subarray(0, at), Buffer.from(claim), body.subarray(at)]);
          await outcomes(step, [delivered(step, bytes)]).catch((error) => assert.match(String(error), OTHER_RUN));
        }
      }
      assert.ok(process.memoryUsage().rss - before < 300e6, 'memory grew');
    });

    test(`for ${step} without a value, with a schema that nobody knows, or a registry's id, is said to be so`, async () => {
      const { body } = unframe(good[step]);
      const unknown = '0123456789abcdef';
      const messages = [
        delivered(step, null, 0),
        delivered(step, body, 1, { schema: unknown }),
        delivered(step, Buffer.concat([singleObjectPrefix(unknown), body]), 2),
        delivered(step, Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), body]), 3),
        delivered(step, Buffer.alloc(0), 4),
        delivered(step, body, 5),
      ];
      const [none, header, prefix, id, empty, bare] = await outcomes(step, messages);
      assert.deepEqual([none, empty], ['undecodable-message', 'undecodable-message']);
      assert.deepEqual([header, prefix, id], ['unknown-schema', 'unknown-schema', 'unknown-schema']);
      assert.equal(bare, undefined);
    });
  }
});
