/** When a host may be asked again. */
import type { Clock } from './clock.ts';

export interface Politeness {
  /** Resolves when it is this request's turn at its host. */
  turn(host: string, signal: AbortSignal): Promise<void>;
  /** The host asks for `seconds` between two requests. */
  space(host: string, seconds: number): void;
  /** The host has had enough: it is left alone for `ms`, and asked half as often. */
  refused(host: string, ms: number): void;
  /** The host has answered: what it was slowed down by is taken back bit by bit. */
  answered(host: string): void;
}

export interface Pace {
  /** Requests a second to one host, of all crawlers together. */
  readonly perSecond: number;
  /** Requests that may follow each other at once after a pause. */
  readonly burst: number;
  /** Crawlers that share the rate, each an equal part of it. */
  readonly crawlers: number;
}

interface Host {
  /** When the bucket is full again, in ms: a turn moves it on by `interval`. */
  full: number;
  /** ms for a token. */
  interval: number;
  burst: number;
  slowdown: number;
}

/** A host that refuses every time is asked this much less often, at last. */
const MAX_SLOWDOWN = 64;
const RECOVERY = 0.9;
/** Hosts that are remembered; of more, those that may be asked at once are forgotten. */
const HOSTS = 10_000;

/** A token bucket a host (the generic cell rate algorithm, ITU-T I.371: a bucket is known by the time at which it is full). */
export function politeness({ perSecond, burst, crawlers }: Pace, clock: Clock): Politeness {
  const hosts = new Map<string, Host>();

  function of(name: string): Host {
    const known = hosts.get(name);
    if (known !== undefined) return known;
    if (hosts.size >= HOSTS) forget();
    const fresh = { full: 0, interval: (1000 * crawlers) / perSecond, burst, slowdown: 1 };
    hosts.set(name, fresh);
    return fresh;
  }

  function forget(): void {
    const now = clock.now();
    for (const [name, { full, slowdown }] of hosts) if (full <= now && slowdown === 1) hosts.delete(name);
    for (const name of hosts.keys()) {
      if (hosts.size < HOSTS) break;
      hosts.delete(name);
    }
  }

  return {
    async turn(name, signal) {
      const host = of(name);
      const interval = host.interval * host.slowdown;
      const now = clock.now();
      const at = Math.max(now, host.full - (host.burst - 1) * interval);
      host.full = Math.max(now, host.full) + interval;
      if (at > now) await clock.sleep(at - now, signal);
    },

    space(name, seconds) {
      const host = of(name);
      host.interval = Math.max(host.interval, 1000 * seconds * crawlers);
      host.burst = 1;
    },

    refused(name, ms) {
      const host = of(name);
      host.slowdown = Math.min(MAX_SLOWDOWN, 2 * host.slowdown);
      host.full = Math.max(host.full, clock.now() + ms + (host.burst - 1) * host.interval * host.slowdown);
    },

    answered(name) {
      const host = of(name);
      host.slowdown = Math.max(1, RECOVERY * host.slowdown);
    },
  };
}
