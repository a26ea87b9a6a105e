/** `deltasift_documents_total`, from the counters that are committed with what came of the documents. */
import { Counter, type Registry } from 'prom-client';
import { countCodec } from '../../schemas/codec.ts';
import type { Outgoing } from '../contract.ts';
import { COUNTS } from '../store/messages.ts';

export interface DocumentCounter {
  /** Takes the counters among the messages of a transaction. */
  add(committed: readonly Outgoing[]): void;
}

export function documentCounter(registry: Registry): DocumentCounter {
  const documents = new Counter({
    name: 'deltasift_documents_total',
    help: 'Documents by stage and what became of them there: in = out + dropped + rejected.',
    labelNames: ['stage', 'outcome', 'code'],
    registers: [registry],
  });

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
