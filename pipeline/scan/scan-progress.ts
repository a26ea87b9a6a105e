/** What this run of a scan scored, and how much of the crawl lies behind it. */
import type { Score } from '../../schemas/types.ts';
import type { Source, SourceProgress } from '../contract.ts';
import type { Scan } from '../store/scan.ts';
import type { ScanProgress } from './progress.ts';

export interface ScanReport {
  /** Adds up what was scored, and tells. */
  scored(scores: readonly Score[]): void;
  /** Tells that all was read, and for how long nothing new is looked for. */
  waits(ms: number): void;
  /** Tells how it ended, where something was scored. */
  end(): void;
}

export interface ScanReportOptions {
  readonly source: Source;
  /** Records of the source to read in all. */
  readonly limit?: number | undefined;
  /** Documents read and not yet handled wait here. */
  readonly topic: string;
  /** Asked for when something was scored. */
  readonly scan: () => Scan;
  readonly tell: (progress: ScanProgress) => void;
}

export function scanReport({ source, limit, topic, scan, tell }: ScanReportOptions): ScanReport {
  let documents = 0;
  let tokens = 0;
  let best: ScanProgress['best'];

  /** The source is read ahead of the model: bytes per record tell how far the documents handled reach. */
  function handled(): SourceProgress | undefined {
    const read = source.progress?.();
    const records = scan().read(source.name);
    if (read === undefined || records === 0) return read;
    const bytesPerRecord = read.bytes / records;
    const { log } = scan();
    const waiting = Math.max(
      0,
      ...log.places().map((place) => (place.topic === topic ? log.head(topic) - place.next : 0)),
    );
    const ends = [read.totalBytes, limit === undefined ? null : limit * bytesPerRecord].filter((end) => end !== null);
    return {
      ...read,
      bytes: (records - waiting) * bytesPerRecord,
      totalBytes: ends.length === 0 ? null : Math.min(...ends),
    };
  }

  const report = (waits: Pick<ScanProgress, 'waits'> = {}) =>
    tell({ documents, tokens, best, source: handled(), ...waits });

  return {
    scored(scores) {
      documents += scores.length;
      for (const { ranking, id, tokens: scored } of scores) {
        tokens += scored;
        if (best === undefined || ranking > best.ranking) best = { ranking, id };
      }
      report();
    },

    waits: (ms) => report({ waits: ms }),

    end() {
      if (documents > 0) report();
    },
  };
}
