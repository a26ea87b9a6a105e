/** A cluster's partitions of bands and the workers that compare there, in memory. */
import type { Delivered, Outgoing } from '../../pipeline/contract.ts';
import type { PerPartition } from '../../pipeline/legs/per-partition.ts';
import { compareLeg, firstComparison } from '../../pipeline/near-duplicates/leg.ts';
import { countCodec, signatureCodec, tokensCodec } from '../../schemas/codec.ts';
import type { Document, Tokens } from '../../schemas/types.ts';
import { signatureIndex } from '../../stages/math/signature-index.ts';

export interface Bands {
  /** Keys of the documents let through, in order. */
  readonly passed: readonly string[];
  /** By stage and outcome. */
  readonly counts: ReadonlyMap<string, number>;
  /** What stands in each partition, by document. */
  readonly standing: readonly ReadonlyMap<string, Buffer>[];
  publish(documents: readonly Document[]): void;
  /** Handles some messages of a partition. @param dies the worker does before it commits, and another knows what is committed */
  step(partition: number, most: number, dies?: boolean): Promise<void>;
  /** Until nothing is on its way. */
  drain(): Promise<void>;
}

export async function bandsInMemory(comparing: {
  readonly threshold: number;
  readonly partitions: number;
}): Promise<Bands> {
  const signal = AbortSignal.timeout(600_000);
  const logs: Delivered[][] = Array.from({ length: comparing.partitions }, () => []);
  const places = logs.map(() => 0);
  const standing = logs.map(() => new Map<string, Buffer>());
  const passed: string[] = [];
  const counts = new Map<string, number>();
  let leg: PerPartition;

  function write({ topic, partition, key, value, headers }: Outgoing, from: number): void {
    switch (topic) {
      case 'bands': {
        const log = logs[partition!]!;
        return void log.push({ topic, partition: partition!, offset: log.length, key, value, headers });
      }
      case 'tokens':
        return void passed.push(tokensCodec.decode(value!).key);
      case 'signatures':
        return void (value === null ? standing[from]!.delete(key) : standing[from]!.set(key, value));
      case 'counts': {
        const { stage, outcome, n } = countCodec.decode(value!);
        const name = `${stage} ${outcome}`;
        return void counts.set(name, (counts.get(name) ?? 0) + n);
      }
    }
  }

  async function start(): Promise<void> {
    leg = compareLeg({
      ...comparing,
      async kept(partition) {
        const index = signatureIndex(1_000_000);
        for (const [key, value] of standing[partition]!) index.add(key, signatureCodec.decode(value));
        return index;
      },
    });
    for (const partition of logs.keys()) await leg.prepare(partition, signal);
  }

  async function step(partition: number, most: number, dies = false): Promise<void> {
    const batch = logs[partition]!.slice(places[partition], places[partition]! + most);
    if (batch.length === 0) return;
    const lists = await leg.handle(batch, signal);
    if (dies) return await start();
    places[partition]! += batch.length;
    for (const message of lists.flat()) write(message, partition);
  }

  await start();
  return {
    passed,
    counts,
    standing,
    step,
    publish(documents) {
      for (const document of documents) write(firstComparison(tokensOf(document), comparing), 0);
    },
    async drain() {
      while (logs.some((log, partition) => places[partition]! < log.length)) {
        for (const partition of logs.keys()) await step(partition, 64);
      }
    },
  };
}

function tokensOf(document: Document): Tokens {
  return { ...document, ids: Int32Array.of(1, 2), lengths: Int32Array.of(2), firsts: Int32Array.of(1) };
}
