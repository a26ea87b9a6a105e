/** Wakes everyone who waits, when anything changed that they may be waiting for. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring. */
  next(): Promise<void>;
  /** Resolves once `holds` does, which is asked at every ring. Rejects when `signal` aborts. */
  until(holds: () => boolean, signal: AbortSignal): Promise<void>;
}

export function bell(): Bell {
  let rung = Promise.withResolvers<void>();

  function ring(): void {
    rung.resolve();
    rung = Promise.withResolvers();
  }

  return {
    ring,
    next: () => rung.promise,
    async until(holds, signal) {
      signal.throwIfAborted();
      signal.addEventListener('abort', ring);
      try {
        while (!holds()) {
          await rung.promise;
          signal.throwIfAborted();
        }
      } finally {
        signal.removeEventListener('abort', ring);
      }
    },
  };
}
