/** `deltasift_documents_total`, from the counters that are committed with what came of the documents. */
import { countCodec } from '../../schemas/codec.ts';
import type { Outgoing } from '../contract.ts';
import { COUNTS } from '../store/messages.ts';
import type { ProcessMetrics } from './register.ts';

export interface DocumentCounter {
  /** Takes the counters among the messages of a transaction. */
  add(committed: readonly Outgoing[]): void;
}

export function documentCounter({ counter }: ProcessMetrics): DocumentCounter {
  const documents = counter('deltasift_documents_total');

  return {
    add(committed) {
      for (const { topic, value } of committed) {
        if (topic !== COUNTS || value === null) continue;
        const { stage, outcome, code, n } = countCodec.decode(value);
        documents.inc({ stage, outcome, code }, n);
      }
    },
  };
}
