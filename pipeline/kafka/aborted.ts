/** What a reader of committed messages sees of a fetched range. */

/** As kafkajs decodes them: 64-bit numbers are decimal strings. */
export interface Fetched {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}

export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/** Key of a control record: version and type, 16 bits each; type 0 ends a transaction that was aborted. */
const ABORT = 0;

/**
 * Leaves out the messages of aborted transactions, and keeps control records. The broker lists transactions in the order in
 * which they ended; a message belongs to one when its producer has reached the first offset of it and not yet its end.
 */
export function withoutAborted<Message extends Fetched>({
  messages,
  abortedTransactions,
}: {
  readonly messages: readonly Message[];
  readonly abortedTransactions: readonly AbortedTransaction[] | null | undefined;
}): readonly Message[] {
  if (!abortedTransactions?.length) return messages;
  const ahead = abortedTransactions
    .map(({ producerId, firstOffset }) => ({ producerId, first: BigInt(firstOffset) }))
    .sort((a, b) => (a.first < b.first ? 1 : -1)); // the next one is the last
  const aborting = new Set<string>();

  return messages.filter(({ offset, key, isControlRecord, batchContext: { producerId, inTransaction } }) => {
    while (ahead.length > 0 && ahead.at(-1)!.first <= BigInt(offset)) aborting.add(ahead.pop()!.producerId);
    if (isControlRecord) {
      if (key !== null && key.length >= 4 && key.readInt16BE(2) === ABORT) aborting.delete(producerId);
      return true;
    }
    return !(inTransaction && aborting.has(producerId));
  });
}
