/** What a document has to pass before anything is computed of it, and what is remembered of those that pass. */
import type { Document } from '../../schemas/types.ts';
import { deduplicate } from '../../stages/deduplicate.ts';
import { filter } from '../../stages/filter.ts';
import type { NamedFilter } from '../../stages/filters/filters.ts';
import type { SignatureIndex } from '../../stages/math/signature-index.ts';
import { nearDuplicates } from '../../stages/near-duplicates.ts';
import type { Outgoing, Stage } from '../contract.ts';
import { seenMessage, signatureMessage } from '../store/messages.ts';

export interface Admission {
  /** Whether the document of this key was handled before. */
  readonly seen: (key: string) => boolean;
  /** Whether it was sent again on purpose; true once for each time that it was. */
  readonly again?: (key: string) => boolean;
  readonly filters: readonly NamedFilter[];
  /** From which Jaccard index on a document is a near duplicate, of those that were let through; undefined lets all through. */
  readonly near: { readonly threshold: number; readonly kept: SignatureIndex } | undefined;
}

export interface Admitting {
  /** Those that ask for nothing are left out: they would count and do nothing. */
  readonly stages: readonly Stage<Document, Document>[];
  /** Goes out with what came of the document of this key, where it was not dropped. */
  remember(key: string): readonly Outgoing[];
}

/** What a config says of near duplicates. */
export function nearOf(
  config: { readonly nearDuplicates: 'keep' | 'drop'; readonly nearDuplicateThreshold: number },
  kept: SignatureIndex,
): Admission['near'] {
  return config.nearDuplicates === 'keep' ? undefined : { threshold: config.nearDuplicateThreshold, kept };
}

export function admit({ seen, again, filters, near }: Admission): Admitting {
  const alike = near === undefined ? undefined : nearDuplicates(near.threshold, near.kept);
  return {
    stages: [
      deduplicate(seen, again),
      ...(filters.length === 0 ? [] : [filter(filters)]),
      ...(alike === undefined ? [] : [alike]),
    ],
    remember(key) {
      const signature = alike?.signature(key);
      return [seenMessage(key), ...(signature === undefined ? [] : [signatureMessage(key, signature)])];
    },
  };
}
