/** A session whose runs are timed from outside: they are answered in the order asked, one at a time. */
import type { Session } from '../../stages/graph/session.ts';

export interface RunWatch {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  ran(run: SessionRun): void;
}

export interface SessionRun {
  /** While the session was busy with the runs before. */
  readonly waitedMs: number;
  readonly ranMs: number;
}

export function timedSession(session: Session, watch: RunWatch | undefined): Session {
  if (watch === undefined) return session;
  /** When the run before was answered. */
  let answered = Number.NEGATIVE_INFINITY;
  return {
    ...session,
    async run(feeds) {
      const asked = watch.now();
      const results = await session.run(feeds);
      const start = Math.max(asked, answered);
      answered = watch.now();
      watch.ran({ waitedMs: start - asked, ranMs: answered - start });
      return results;
    },
  };
}
