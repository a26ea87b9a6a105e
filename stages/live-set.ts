/** The set that is picked while the stream runs, as the store keeps it after every batch: who is in, and who came for whom. */
import type { Exchange } from './math/residual.ts';

/** Exchange number `at`, counted from 1 over the whole scan. */
export interface NumberedExchange extends Exchange {
  readonly at: number;
  /** cos(S, D) after it, as the sketches have it. */
  readonly cosine: number;
}

export interface LiveSet {
  /** The members' keys. */
  readonly keys: readonly string[];
  /** cos(S, D), as the sketches have it. */
  readonly cosine: number;
  /** Exchanges so far, those that filled the set included. */
  readonly exchanges: number;
  /** The last ones, oldest first. */
  readonly recent: readonly NumberedExchange[];
}

/** Exchanges kept: of a long stream most happen at its beginning. */
const KEPT = 256;

export function liveSet(bytes: Uint8Array): LiveSet {
  return JSON.parse(Buffer.from(bytes).toString()) as LiveSet;
}

export interface ExchangeHistory {
  add(exchange: Exchange, cosine: number): void;
  /** What `liveSet` reads. */
  bytes(keys: readonly string[], cosine: number): Uint8Array;
}

/** @param saved what `bytes` gave, for the count to go on from */
export function exchangeHistory(saved: Uint8Array | undefined): ExchangeHistory {
  const before = saved === undefined ? undefined : liveSet(saved);
  const recent = [...(before?.recent ?? [])];
  let exchanges = before?.exchanges ?? 0;
  return {
    add(exchange, cosine) {
      exchanges++;
      recent.push({ at: exchanges, ...exchange, cosine });
      if (recent.length > KEPT) recent.shift();
    },

    bytes: (keys, cosine) => Buffer.from(JSON.stringify({ keys, cosine, exchanges, recent } satisfies LiveSet)),
  };
}
