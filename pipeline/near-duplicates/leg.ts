/** Near duplicates on a cluster: documents on their way past the partitions of their bands. */
import { comparisonCodec, signatureCodec, tokensCodec } from '../../schemas/codec.ts';
import type { Comparison, Tokens } from '../../schemas/types.ts';
import { compare, type Passed, passedBefore } from '../../stages/compare.ts';
import { MINIMA, partsOf } from '../../stages/math/bands.ts';
import type { signatureIndex } from '../../stages/math/signature-index.ts';
import { bandedText } from '../../stages/near-duplicates.ts';
import type { Outgoing } from '../contract.ts';
import { chain } from '../legs/chain.ts';
import { type LegOptions, leg } from '../legs/leg.ts';
import { type PerPartition, perPartition } from '../legs/per-partition.ts';
import { soundComparison } from '../legs/sound.ts';
import { type Watching, watched } from '../legs/watched.ts';
import { comparisonMessage, forgottenMessage, SIGNATURES, signatureMessage } from '../store/messages.ts';

/** How documents are compared on a cluster. */
export interface Comparing {
  /** Jaccard index from which on documents are near duplicates. */
  readonly threshold: number;
  /** Of the topic of bands. */
  readonly partitions: number;
}

export interface CompareParts extends Comparing, Watching {
  /** Where the transport frames values in another way than codecs do. */
  readonly unframe?: LegOptions<unknown, unknown>['unframe'];
  /** What is committed of a partition. */
  readonly kept: (partition: number, signal: AbortSignal) => Promise<ReturnType<typeof signatureIndex>>;
}

/** A document on its way, and what goes on of it where it is let through. */
type Read = Comparison & { readonly document: Tokens | undefined };

/** Sends a document to the first of its partitions. */
export function firstComparison(tokens: Tokens, { threshold, partitions }: Comparing): Outgoing {
  const signature = bandedText(tokens.text, threshold);
  const [partition = 0] = partsOf(signature.bands, partitions);
  return comparisonMessage({ ...signature, key: tokens.key, partition, tokens: tokensCodec.encode(tokens) });
}

/** Documents are counted where they are dropped or let through, not on their way. */
export function compareLeg({
  threshold,
  partitions,
  unframe,
  kept: readKept,
  ...watching
}: CompareParts): PerPartition {
  return perPartition(async (partition, signal) => {
    const kept = await readKept(partition, signal);
    const handle = leg<Read, Passed<Read>>(
      () => chain(watched(compare<Read>({ threshold, partition, partitions, kept }), watching)),
      {
        decode(value, writer) {
          const comparison = soundComparison(comparisonCodec.decode(value, writer), MINIMA, partitions);
          const { tokens } = comparison;
          return { ...comparison, document: tokens === null ? undefined : tokensCodec.decode(tokens) };
        },
        encode,
        withdraw: (comparison) =>
          passedBefore(comparison, partitions).map((before) =>
            comparisonMessage({ ...comparison, partition: before, tokens: null }),
          ),
        isCounted: ({ passage }) => passage.kind === 'stands' && passage.next === undefined,
        describe: ({ document }) => document!,
        ...(unframe === undefined ? {} : { unframe }),
      },
    );
    return async (batch, abandoned) => {
      const lists = await handle(batch, abandoned);
      for (const { topic, key, value } of lists.flat()) {
        if (topic !== SIGNATURES) continue;
        if (value === null) kept.delete(key);
        else kept.add(key, signatureCodec.decode(value));
      }
      return lists;
    };
  });
}

function encode({ document: comparison, passage }: Passed<Read>): readonly Outgoing[] {
  const { key, document } = comparison;
  switch (passage.kind) {
    case 'astray':
      return [comparisonMessage(comparison)];
    case 'forgotten':
      return [forgottenMessage(key)];
    case 'stands': {
      const { known, next } = passage;
      const on =
        next === undefined
          ? { topic: 'tokens', key, value: tokensCodec.encode(document!), headers: {} }
          : comparisonMessage({ ...comparison, partition: next });
      return [signatureMessage(key, known), on];
    }
  }
}
