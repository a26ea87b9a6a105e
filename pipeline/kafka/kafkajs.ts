/**
 * kafkajs, mended: the only file that loads it. It is no longer maintained, and two of its modules are replaced before the rest
 * sees them (docs/decisions/0005-kafkajs-mended.md).
 */
import { createRequire } from 'node:module';
import { withoutAborted } from './aborted.ts';
import { zstd } from './zstd.ts';

const require = createRequire(import.meta.url);

if (isLoaded('kafkajs/src/consumer/batch.js')) {
  throw new Error('kafkajs was loaded before it could be mended: import it from pipeline/kafka/kafkajs.ts alone');
}
// It takes the broker's list of aborted transactions to be in order of their beginnings, and shows what others wrote in between.
replace('kafkajs/src/consumer/filterAbortedMessages.js', withoutAborted);
mendTimer(require('kafkajs/src/network/requestQueue/index.js'));

const kafkajs: typeof import('kafkajs') = require('kafkajs');
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = zstd;

export const { Kafka, CompressionTypes, ConfigResourceTypes, Partitioners, logLevel } = kafkajs;

function isLoaded(module: string): boolean {
  return require.cache[require.resolve(module)] !== undefined;
}

function replace(module: string, exports: unknown): void {
  require(module);
  require.cache[require.resolve(module)]!.exports = exports;
}

interface RequestQueue {
  pending: readonly unknown[];
  /** ms since the epoch; -1 when it never was */
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

/** It sets timers to a time in the past, which Node warns of on the user's terminal. */
function mendTimer({ prototype }: { readonly prototype: RequestQueue }): void {
  prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue) {
    if (this.throttleCheckTimeoutId !== null) return;
    const soon = this.pending.length > 0 ? 10 : 1;
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      Math.max(soon, this.throttledUntil - Date.now()),
    );
  };
}
