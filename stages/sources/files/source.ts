import { setTimeout as delay } from 'node:timers/promises';
import type { ZodType } from 'zod';
import {
  type Crawled,
  type CrawledDocument,
  Drop,
  type Origin,
  type Reject,
  type Source,
  type Unit,
} from '../../../pipeline/contract.ts';
import { ConfigError } from '../../../pipeline/error.ts';
import type { Input } from '../bytes/input.ts';
import { FetchError } from '../fetch/error.ts';
import { ChangedFile } from './changed-file.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { OtherFile } from './other-file.ts';

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
  /** True where a file that is still written is read as far as it is whole; of other formats it is waited for: see `Unit`. */
  readonly grows?: boolean;
  /**
   * The records after `after`, or all of them.
   *
   * @throws OtherFile where the file is not the one that `after` was found in, before anything is yielded
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
  /** True where they are a pipe, which has an end but no parts: it cannot be followed. */
  readonly waits: boolean;
  /** @param mayBeEmpty whether it is no mistake that there are none yet */
  list(mayBeEmpty: boolean): Promise<readonly Input[]>;
}

/** Times that a followed file may change before anything of it was read, and the wait after the first of them, in ms. */
const CHANGES = 5;
const CHANGE_MS = 100;

/** A source that reads files one after the other, in the order of their list. */
export function filesSource<Place>(format: Format<Place>, files: Files): Source {
  const { kind } = format;
  let total: number | null = null;
  let done = 0;
  let passed = { files: 0, of: 0, bytes: 0 };
  let listed = false;

  /** Counts what is read of an input behind those that were passed. */
  function counted(input: Input): Input {
    return {
      ...input,
      async *read(from, signal) {
        let at = from;
        for await (const chunk of input.read(from, signal)) {
          at += chunk.length;
          done = Math.max(done, passed.bytes + at);
          yield chunk;
        }
      },
    };
  }

  /** Of files whose sizes are not known, the rest is taken to be as large as those that were passed. */
  function expected(): number | null {
    if (total !== null || passed.bytes === 0) return total;
    return Math.max(done, Math.round((passed.bytes * passed.of) / passed.files));
  }

  async function* records(input: Input, after: Place | undefined, signal: AbortSignal): AsyncGenerator<Crawled> {
    for await (const { place, ...outcome } of format.read(input, after, signal)) {
      signal.throwIfAborted();
      yield { cursor: writeCursor(kind, { file: input.name, place }), ...outcome };
    }
  }

  /** One after the other, so that what was passed counts as done. */
  function* inTurn(inputs: readonly Input[]): Generator<Input> {
    total = inputs.reduce<number | null>((sum, { size }) => (sum === null || size === null ? null : sum + size), 0);
    done = 0;
    passed = { files: 0, of: inputs.length, bytes: 0 };
    for (const input of inputs) {
      yield counted(input);
      const bytes = input.size === null ? done : passed.bytes + input.size;
      passed = { ...passed, files: passed.files + 1, bytes };
      done = Math.max(done, bytes);
    }
  }

  /** A folder or a server that is away for a while, and comes back, does not end who follows it. */
  async function list(follow: boolean): Promise<readonly Input[]> {
    try {
      return await files.list(follow);
    } catch (error) {
      if (follow && listed && (error instanceof ConfigError || error instanceof FetchError)) return [];
      throw error;
    } finally {
      listed = true;
    }
  }

  async function* unitRecords(input: Input, cursor: string | undefined, signal: AbortSignal): AsyncGenerator<Crawled> {
    const after = cursor === undefined ? undefined : readCursor(kind, format.place, cursor);
    try {
      yield* records(input, after?.place, signal);
    } catch (error) {
      if (error instanceof OtherFile) yield* records(input, undefined, signal);
      else if (!(input.growing && (error as NodeJS.ErrnoException).code === 'ENOENT')) throw error; // it was listed, and is gone
    }
  }

  /** The same of a file that may change meanwhile: what there is then is read on. */
  async function* followed(input: Input, cursor: string | undefined, signal: AbortSignal): AsyncGenerator<Crawled> {
    let [now, last, failures]: [Input | undefined, string | undefined, number] = [input, cursor, 0];
    while (now !== undefined) {
      try {
        for await (const record of unitRecords(now, last, signal)) {
          failures = 0;
          last = record.cursor;
          yield record;
        }
        return;
      } catch (error) {
        if (!(error instanceof ChangedFile) || ++failures > CHANGES) throw error;
      }
      if (last !== undefined) yield { cursor: last, drop: new Drop('changed-while-read') };
      await delay(2 ** failures * CHANGE_MS, undefined, { signal });
      const found = (await list(true)).find(({ name }) => name === input.name);
      now = found && { ...counted(found), growing: true };
    }
  }

  async function* units(follow: boolean, signal: AbortSignal): AsyncGenerator<Unit> {
    signal.throwIfAborted();
    for (const found of inTurn(await list(follow))) {
      const input = follow ? { ...found, growing: true } : found;
      yield {
        name: input.name,
        version: input.version ?? null,
        settles: format.grows !== true,
        read: (cursor, stop) => (follow ? followed : unitRecords)(input, cursor, stop),
      };
    }
  }

  return {
    name: `${kind}:${files.path}`,
    waits: files.waits,
    progress: () => ({ bytes: done, totalBytes: expected(), files: { done: passed.files, total: passed.of } }),
    ...(files.waits ? {} : { units }),

    async locate(cursor, signal) {
      const { file, place } = readCursor(format.kind, format.place, cursor);
      const input = (await files.list(false)).find(({ name }) => name === file);
      if (input === undefined) throw new ConfigError(`${file} is none of the files of ${files.path} any more`);
      if (input.size === null && input.open === undefined)
        throw new ConfigError(`${file} was a pipe: what it held is gone`);
      return { file: input.address, ...(await format.locate(input, place, signal)) };
    },

    async *read(cursor, signal) {
      signal.throwIfAborted();
      const after = cursor === undefined ? undefined : readCursor(kind, format.place, cursor);
      const inputs = await files.list(false);
      const first = after === undefined ? 0 : inputs.findIndex(({ name }) => name === after.file);
      if (first === -1) {
        throw new ConfigError(
          `the cursor to resume after is in ${after?.file}, which is none of the ${inputs.length} files of ${files.path}: ` +
            'give the source this store was made with, or another store',
        );
      }
      let i = 0;
      for (const input of inTurn(inputs)) {
        if (i >= first) yield* records(input, i === first ? after?.place : undefined, signal);
        i++;
      }
    },
  };
}
