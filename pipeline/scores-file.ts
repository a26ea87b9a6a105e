/** The file of `--scores`: a line per scored document, in the order of the source, committed with the store. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { scoreCodec } from '../schemas/codec.ts';
import type { Outgoing } from './contract.ts';
import type { Sink } from './embedded.ts';
import { ConfigError } from './error.ts';
import { scoreLine } from './score-line.ts';
import type { Scan } from './store-scan.ts';

export interface ScoresFile extends Sink {
  close(): void;
}

export const SCORES = 'scores';

/**
 * Opens the file and cuts it back to what was committed: lines of a batch that did not come to be committed go.
 *
 * @throws ConfigError where the file is not this scan's: it is shorter than what was committed, or holds something already
 */
export function scoresFile(path: string, scan: Pick<Scan, 'commit' | 'fileLength' | 'setFileLength'>): ScoresFile {
  const file = openFile(path);
  const name = resolve(path);
  const known = scan.fileLength(name);
  const committed = known ?? 0;
  const { size } = fstatSync(file);
  const fault =
    size < committed
      ? `has ${size} bytes, but ${committed} were committed: bring the file back, or scan into another store`
      : known === undefined && size > 0
        ? 'is there already and was not written by this scan: name another file, or remove it'
        : undefined;
  if (fault !== undefined) {
    closeSync(file);
    throw new ConfigError(`--scores ${path}: ${fault}`);
  }
  if (known === undefined) scan.commit(() => scan.setFileLength(name, 0)); // from here on what is in it is ours
  ftruncateSync(file, committed);

  return {
    topic: SCORES,

    write(messages) {
      const lines = Buffer.from(messages.map(lineOf).join(''));
      const start = scan.fileLength(name) ?? 0;
      for (let at = 0; at < lines.length; ) at += writeSync(file, lines, at, lines.length - at, start + at);
      scan.setFileLength(name, start + lines.length);
    },

    close: () => closeSync(file),
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT);
  } catch (error) {
    throw new ConfigError(`--scores ${path}: cannot be written: ${(error as Error).message}`);
  }
}

function lineOf({ value }: Outgoing): string {
  return value === null ? '' : `${JSON.stringify(scoreLine(scoreCodec.decode(value)))}\n`;
}
