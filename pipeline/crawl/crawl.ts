/** A crawl into the topic `documents`, with the cursors that go on after them. */
import { setImmediate as breathe, setTimeout as delay } from 'node:timers/promises';
import type { Crawled, Source, Transport, Unit } from '../contract.ts';
import { ConfigError } from '../error.ts';
import type { CursorMark } from '../store/messages.ts';
import { crawlGroup } from './group.ts';

/** Records published in one transaction: the first time few, so that they are on their way soon, then ever more of them. */
const GROUP = { first: 8, most: 64 } as const;
/** Between two looks at a unit that may have been met half-written. */
const SETTLE_MS = 2000;
/** Units passed over, as there is nothing new in them, before others have their turn. */
const PASSED = 256;

/** What was read before, as the last publication left it. */
export interface Marks {
  /** How far a unit was read; '' stands for a source that is read as a whole. */
  mark(source: string, unit: string): CursorMark | undefined;
  /** Records of all units of a source. */
  read(source: string): number;
}

export interface CrawlOptions {
  readonly marks: Marks;
  /** Documents of equal text are one document. */
  readonly dedup: boolean;
  /** Records of the source to read in all, those read before included. */
  readonly limit?: number | undefined;
  readonly follow?: Follow | undefined;
}

/** Looks at the source again, once it was read to its end. */
export interface Follow {
  readonly everyMs: number;
  /** Told before each wait how long it will be. */
  readonly onWait: (ms: number) => void;
}

/**
 * Publishes until the source ends, `limit` is reached or `signal` aborts; what was published counts as read. A source that is
 * followed does not end.
 *
 * @throws ConfigError where the source cannot be followed
 */
export async function crawl(
  source: Source,
  transport: Pick<Transport, 'publish'>,
  { marks, dedup, limit = Number.POSITIVE_INFINITY, follow }: CrawlOptions,
  signal: AbortSignal,
): Promise<void> {
  const units = unitsOf(source, marks.mark(source.name, ''), follow !== undefined);
  const group = crawlGroup(source.name, dedup);
  let read = marks.read(source.name);
  let size: number = GROUP.first;
  /** Units that were new or changed at the last look, and are to be seen again before they are read: their versions. */
  let unsettled = new Map<string, string>();

  async function publish(): Promise<void> {
    if (group.size === 0) return;
    size = Math.min(2 * size, GROUP.most);
    await transport.publish(group.take(), signal);
  }

  /** Reads what is new in a unit, or as much of it as `limit` allows. */
  async function readUnit(unit: Unit, before: CursorMark | undefined): Promise<void> {
    let own: CursorMark = before ?? { source: source.name, unit: unit.name, cursor: '', read: 0, version: null };
    const records = unit.read(own.cursor === '' ? undefined : own.cursor, signal);
    for await (const crawled of source.waits ? promptly(records, publish) : records) {
      group.add(unit.name, own.read, crawled);
      own = { ...own, cursor: crawled.cursor, read: own.read + 1, version: null };
      group.mark(own);
      read++;
      if (group.size >= size || read >= limit) await publish();
      if (read >= limit) return;
    }
    if (unit.version === null || own.version === unit.version) return;
    group.mark({ ...own, version: unit.version });
    if (group.size >= size) await publish();
  }

  async function look(): Promise<void> {
    const unsettledBefore = unsettled;
    unsettled = new Map();
    let passed = 0;
    for await (const unit of units(signal)) {
      const before = marks.mark(source.name, unit.name);
      if (unit.version !== null && before?.version === unit.version) {
        if (++passed % PASSED === 0) await breathe();
      } else if (
        follow !== undefined &&
        unit.settles &&
        unit.version !== null &&
        unsettledBefore.get(unit.name) !== unit.version
      ) {
        unsettled.set(unit.name, unit.version);
      } else {
        await readUnit(unit, before);
        if (read >= limit) return;
      }
    }
    await publish();
  }

  while (read < limit) {
    await look();
    if (follow === undefined) return;
    const ms = unsettled.size > 0 ? Math.min(SETTLE_MS, follow.everyMs) : follow.everyMs;
    follow.onWait(ms);
    await delay(ms, undefined, { signal });
  }
}

/** A source without units, or one that was begun as a whole, is a unit itself. */
function unitsOf(
  source: Source,
  whole: CursorMark | undefined,
  follow: boolean,
): (signal: AbortSignal) => AsyncIterable<Unit> {
  if (source.units !== undefined && whole === undefined) {
    const { units } = source;
    return (signal) => units.call(source, follow, signal);
  }
  if (follow) {
    throw new ConfigError(
      source.units === undefined
        ? `${source.name} cannot be followed: it has no parts to look at again. Leave --follow out`
        : `${source.name} was begun as a whole, by an earlier version, and cannot be followed from there: begin another store`,
    );
  }
  return async function* () {
    yield { name: '', version: null, read: (cursor, signal) => source.read(cursor, signal) };
  };
}

/** The same records; `idle` is called, and awaited, before a wait for one that is not there yet. */
async function* promptly(records: AsyncIterable<Crawled>, idle: () => Promise<void>): AsyncGenerator<Crawled> {
  const iterator = records[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = iterator.next();
      const there = await Promise.race([next.then(() => true), breathe(false)]);
      if (!there) await idle();
      const { done, value } = await next;
      if (done === true) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
