/**
 * A whole scan in miniature, to be killed: `node small-scan.ts '{"store": ..., "scores": ..., "kill": ...}'`. The model is made up,
 * and like a real one gives slightly different numbers in another batch, so that a batch cut elsewhere shows.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { type Crawled, Drop, Reject, type Source, type Stage } from '../../pipeline/contract.ts';
import { crawl } from '../../pipeline/crawl/crawl.ts';
import { embeddedTransport } from '../../pipeline/embedded/embedded.ts';
import { chain } from '../../pipeline/legs/chain.ts';
import { leg } from '../../pipeline/legs/leg.ts';
import { SCORES, scoresFile } from '../../pipeline/scan/scores-file.ts';
import { seenMessage, selectionMessage } from '../../pipeline/store/messages.ts';
import { openStore } from '../../pipeline/store/store.ts';
import { documentCodec, scoreCodec } from '../../schemas/codec.ts';
import type { Document, Score } from '../../schemas/types.ts';
import { deduplicate } from '../../stages/deduplicate.ts';
import { random } from '../../stages/math/random.ts';
import { type Selected, select } from '../../stages/select.ts';
import { DELTA, scoreOf } from '../kit/store.ts';
import { type Kill, mortal } from './mortal.ts';

export const RECORDS = 400;
export const KEEP = 40;
const WIDTH = 8;
const BATCH = 8;

export interface SmallScan {
  readonly store: string;
  readonly scores: string;
  readonly kill?: Kill;
}

const source: Source = {
  name: 'numbers',
  async *read(cursor) {
    for (let i = cursor === undefined ? 0 : Number(cursor) + 1; i < RECORDS; i++) {
      if (i % 5 === 0) await breathe();
      yield { cursor: String(i), ...recordOf(i) } as Crawled;
    }
  },
};

function recordOf(i: number) {
  if (i % 23 === 0)
    return { reject: new Reject('malformed-record', `record ${i}`), bytes: Buffer.from(`bytes of ${i}`) };
  if (i % 29 === 0) return { drop: new Drop('not-text') };
  const text = `text ${i % 7 === 0 ? i % 50 : i}`; // some come more than once
  return { document: { id: `id${i}`, url: null, text } };
}

const model: Stage<Document, Score> = {
  name: 'model',
  async process(batch) {
    await breathe();
    return batch.map((document, place) => {
      const n = Number(document.text.slice(5));
      if (n % 31 === 0) return new Reject('too-short', `text of ${n}`);
      const numbers = Array.from(random(7).words(n, 0, WIDTH + 1), (word) => word / 2 ** 31 - 1);
      const alignment = numbers[0]! + 1e-12 * (batch.length + place / 100);
      const sketch = Float32Array.from(numbers.slice(1));
      const gradientNorm = Math.hypot(...sketch);
      return [
        { ...scoreOf(document.key, 0), id: document.id, ranking: alignment / 4, alignment, gradientNorm, sketch },
      ];
    });
  },
};

async function run({ store: dir, scores, kill }: SmallScan): Promise<void> {
  const store = openStore(dir);
  store.bind({ id: 'm', fields: { width: WIDTH } });
  store.addDelta({
    id: DELTA,
    base: 'b',
    tuned: 't',
    norm: 4,
    baseNorm: 9,
    measurement: 'm',
    keep: KEEP,
    rankBy: 'cosine',
  });
  const scan = mortal(store.scan(DELTA, { dedup: 'on' }), kill);
  const file = scoresFile(scores, scan);
  const transport = embeddedTransport(scan, { batch: BATCH, highWater: 32, sinks: [file] });
  const saved = {
    best: (id: string) => store.members(id, 'top'),
    pool: (id: string) => store.members(id, 'pool'),
    other: store.members,
    state: store.state,
  };
  const options = { deltas: [{ id: DELTA, norm: 4 }], keep: KEEP, pool: { size: 24, width: WIDTH }, others: 16 };
  const handle = leg(() => chain(deduplicate(scan.seen), model, select(options, saved)), {
    decode: documentCodec.decode,
    encode: ({ score, changes }: Selected) => [
      { topic: SCORES, key: score.key, value: scoreCodec.encode(score), headers: {} },
      ...changes.map(selectionMessage),
    ],
    remember: (key) => [seenMessage(key)],
  });
  const stop = new AbortController();
  const reading = transport.subscribe('documents', 'scan', handle, stop.signal);
  await crawl(source, transport, { marks: scan, dedup: true }, stop.signal);
  await transport.flush(stop.signal);
  stop.abort();
  await reading;
  file.close();
  store.close();
}

if (import.meta.main) await run(JSON.parse(process.argv[2]!) as SmallScan);
