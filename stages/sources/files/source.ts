import type { ZodType } from 'zod';
import type { CrawledDocument, Drop, Origin, Reject, Source } from '../../../pipeline/contract.ts';
import { ConfigError } from '../../../pipeline/error.ts';
import type { Input } from '../bytes/input.ts';
import { readCursor, writeCursor } from './cursor.ts';

/** What became of one record. */
export type Outcome =
  | { readonly document: CrawledDocument }
  | { readonly reject: Reject; readonly bytes: Uint8Array }
  | { readonly drop: Drop };

/** The same with its place in its file. */
export type Found<Place> = { readonly place: Place } & Outcome;

/** How the records of one file are read. */
export interface Format<Place> {
  readonly kind: string;
  readonly place: ZodType<Place>;
  /**
   * The records after `after`, or all of them.
   *
   * @throws ConfigError where the file is not the one that `after` was found in
   */
  read(input: Input, after: Place | undefined, signal: AbortSignal): AsyncIterable<Found<Place>>;
  /**
   * The record at a place where one was found, in an input that is no pipe.
   *
   * @throws ConfigError where the file is not the one that it was found in
   */
  locate(input: Input, at: Place, signal: AbortSignal): Promise<Omit<Origin, 'file'>>;
}

export interface Files {
  /** What the user called them, unique on the machine. */
  readonly path: string;
  readonly waits: boolean;
  list(): Promise<readonly Input[]>;
}

/** A source that reads files one after the other, in the order of their list. */
export function filesSource<Place>(format: Format<Place>, files: Files): Source {
  let total: number | null = null;
  let done = 0;

  /** Counts what is read of an input, of which `before` bytes lie before. */
  function counted(input: Input, before: number): Input {
    return {
      ...input,
      async *read(from, signal) {
        let at = from;
        for await (const chunk of input.read(from, signal)) {
          at += chunk.length;
          done = Math.max(done, before + at);
          yield chunk;
        }
      },
    };
  }

  return {
    name: `${format.kind}:${files.path}`,
    waits: files.waits,
    progress: () => ({ bytes: done, totalBytes: total }),

    async locate(cursor, signal) {
      const { file, place } = readCursor(format.kind, format.place, cursor);
      const input = (await files.list()).find(({ name }) => name === file);
      if (input === undefined) throw new ConfigError(`${file} is none of the files of ${files.path} any more`);
      if (input.size === null) throw new ConfigError(`${file} was a pipe: what it held is gone`);
      return { file: input.address, ...(await format.locate(input, place, signal)) };
    },

    async *read(cursor, signal) {
      signal.throwIfAborted();
      const after = cursor === undefined ? undefined : readCursor(format.kind, format.place, cursor);
      const inputs = await files.list();
      total = inputs.reduce<number | null>((sum, { size }) => (sum === null || size === null ? null : sum + size), 0);

      const first = after === undefined ? 0 : inputs.findIndex(({ name }) => name === after.file);
      if (first === -1) {
        throw new ConfigError(
          `the cursor to resume after is in ${after?.file}, which is none of the ${inputs.length} files of ${files.path}: ` +
            'give the source this store was made with, or another store',
        );
      }

      let before = inputs.slice(0, first).reduce((sum, { size }) => sum + (size ?? 0), 0);
      done = before;
      for (const [i, input] of inputs.slice(first).entries()) {
        const place = i === 0 ? after?.place : undefined;
        for await (const found of format.read(counted(input, before), place, signal)) {
          signal.throwIfAborted();
          const { place: at, ...outcome } = found;
          yield { cursor: writeCursor(format.kind, { file: input.name, place: at }), ...outcome };
        }
        before += input.size ?? 0;
        done = Math.max(done, before);
      }
    },
  };
}
