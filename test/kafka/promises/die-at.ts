/** Dies by SIGKILL at a certain step of a certain transaction. */
import type { Producer, Transaction } from 'kafkajs';
import { Kafka } from '../../../pipeline/kafka/kafkajs.ts';

/** In the order in which a transaction comes by. */
export const KILL_POINTS = ['begin', 'written', 'moved', 'committing', 'committed'] as const;
export type KillPoint = (typeof KILL_POINTS)[number];

/** Counts transactions as they come by each point, those of the sweep included. */
export function dieAt(point: KillPoint, nth: number): void {
  let passed = 0;
  const pass = (here: KillPoint) => {
    if (here === point && ++passed === nth) process.kill(process.pid, 'SIGKILL');
  };
  const makeProducer = Kafka.prototype.producer;
  Kafka.prototype.producer = function mortal(...options): Producer {
    const producer = makeProducer.apply(this, options);
    const after =
      <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>, here: KillPoint) =>
      async (...args: Args): Promise<Result> => {
        const result = await call(...args);
        pass(here);
        return result;
      };
    return {
      ...producer,
      async transaction(): Promise<Transaction> {
        pass('begin');
        const transaction = await producer.transaction();
        return {
          ...transaction,
          sendBatch: after(transaction.sendBatch, 'written'),
          sendOffsets: after(transaction.sendOffsets, 'moved'),
          async commit() {
            const committing = transaction.commit();
            setImmediate(() => pass('committing')); // the request is on its way
            await committing;
            pass('committed');
          },
        };
      },
    };
  };
}
