import type { Scan } from '../../pipeline/store/scan.ts';

export interface Kill {
  /** Which commit it is, counted from 1. */
  readonly commit: number;
  /** Before it begins, with everything written but not committed, or after it. */
  readonly at: 'before' | 'inside' | 'after';
}

/** The same scan, whose process dies by SIGKILL at one of its commits. */
export function mortal(scan: Scan, kill: Kill | undefined): Scan {
  let commits = 0;
  const die = () => process.kill(process.pid, 'SIGKILL');
  return {
    ...scan,
    commit(change) {
      const at = ++commits === kill?.commit ? kill.at : undefined;
      if (at === 'before') die();
      scan.commit(() => {
        change();
        if (at === 'inside') die();
      });
      if (at === 'after') die();
    },
  };
}
