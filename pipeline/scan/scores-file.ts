/** The file of `--scores`: a line per scored document, in the order of the source, committed with the store. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, type Stats, writeSync } from 'node:fs';
import { scoreCodec } from '../../schemas/codec.ts';
import type { Outgoing } from '../contract.ts';
import type { Sink } from '../embedded/embedded.ts';
import { ConfigError } from '../error.ts';
import type { Scan } from '../store/scan.ts';
import { scoreLine } from './score-line.ts';

export interface ScoresFile extends Sink {
  close(): void;
}

export const SCORES = 'scores';

/**
 * Opens the file and cuts it back to what was committed: lines of a batch that did not come to be committed go.
 *
 * @throws ConfigError where it is no file, or not this scan's: it is shorter than what was committed, or holds something already
 */
export function scoresFile(path: string, scan: Pick<Scan, 'commit' | 'fileLength' | 'setFileLength'>): ScoresFile {
  const file = openFile(path);
  const known = scan.fileLength(SCORES);
  const committed = known ?? 0;
  const fault = faultOf(fstatSync(file), known);
  if (fault !== undefined) {
    closeSync(file);
    throw refused(fault);
  }
  if (known === undefined) scan.commit(() => scan.setFileLength(SCORES, 0)); // from here on what is in it is ours
  ftruncateSync(file, committed);
  /** Where what this process wrote ends, committed or not. */
  let end = committed;

  function refused(what: string): ConfigError {
    return new ConfigError(`--scores ${path}: ${what}`);
  }

  function cutTo(bytes: number): void {
    ftruncateSync(file, bytes);
    end = bytes;
  }

  function append(lines: Buffer, start: number): void {
    try {
      for (let at = 0; at < lines.length; ) at += writeSync(file, lines, at, lines.length - at, start + at);
      end = start + lines.length;
    } catch (cause) {
      cutTo(start);
      throw new Error(`--scores ${path}: ${(cause as Error).message}`, { cause });
    }
  }

  return {
    topic: SCORES,

    write(messages) {
      const { size } = fstatSync(file);
      if (size !== end) {
        throw refused(
          `has ${size} bytes where ${end} were written: is another scan writing to it? Give each its own file`,
        );
      }
      const start = scan.fileLength(SCORES) ?? 0;
      if (end > start) cutTo(start); // of a commit that was undone
      const lines = Buffer.from(messages.map(lineOf).join(''));
      append(lines, start);
      scan.setFileLength(SCORES, end);
    },

    close() {
      const start = scan.fileLength(SCORES) ?? 0;
      if (end > start) cutTo(start);
      closeSync(file);
    },
  };
}

/** Why the file cannot be gone on with, if so; `known` bytes of it were committed. */
function faultOf(file: Stats, known: number | undefined): string | undefined {
  if (!file.isFile()) return 'is no regular file: expected one that can be cut back and gone on with';
  if (known === undefined) {
    return file.size > 0
      ? 'is there already and was not written by this scan: name another file, or remove it'
      : undefined;
  }
  return file.size < known
    ? `has ${file.size} bytes, but ${known} were committed: bring the file back, or scan into another store`
    : undefined;
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
