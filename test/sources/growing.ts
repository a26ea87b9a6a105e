import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Source } from '../../pipeline/contract.ts';
import type { Growing } from '../kit/source.ts';
import { scratch } from './scratch.ts';

export interface GrowingFiles {
  readonly open: (folder: string) => Source;
  /** How the names of its files end. */
  readonly extension: string;
  /** A file of one record, another one for each number. */
  readonly file: (n: number) => string | Uint8Array;
  /** Whether one file behind another is a file of both records; of other formats the file is written anew. */
  readonly appends: boolean;
}

/** A folder in which files appear before and behind those there are, while one of them changes. */
export function growingFiles({ open, extension, file, appends }: GrowingFiles): () => Growing {
  return () => {
    const folder = scratch({ [`m.${extension}`]: file(0) });
    let n = 0;
    return {
      source: open(folder),
      grow() {
        for (const place of ['a', 'z']) writeFileSync(join(folder, `${place}${n}.${extension}`), file(++n));
        const change = appends ? appendFileSync : writeFileSync;
        change(join(folder, `m.${extension}`), file(++n));
        return 3;
      },
    };
  };
}
