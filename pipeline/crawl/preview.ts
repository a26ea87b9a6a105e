/** What a source would yield, from its first records. */
import type { Crawled, CrawledDocument, RejectCode, Source } from '../contract.ts';

export interface Preview {
  readonly source: string;
  /** Records met. */
  readonly read: number;
  /** Whether these are all the records there are. */
  readonly ended: boolean;
  readonly documents: readonly CrawledDocument[];
  /** Records dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Records rejected, by code, with the reason of the first one. */
  readonly rejected: Readonly<Partial<Record<RejectCode, { readonly records: number; readonly first: string }>>>;
}

/** Reads from the start until `documents` are found, `records` are met, or the source ends. */
export async function preview(
  source: Source,
  { documents: wanted, records: most }: { readonly documents: number; readonly records: number },
  signal: AbortSignal,
): Promise<Preview> {
  const documents: CrawledDocument[] = [];
  const dropped: Record<string, number> = {};
  const rejected: Partial<Record<RejectCode, { records: number; first: string }>> = {};
  let read = 0;
  let ended = true;

  for await (const record of source.read(undefined, signal)) {
    read++;
    note(record);
    if (documents.length < wanted && read < most) continue;
    ended = false;
    break;
  }
  return { source: source.name, read, ended, documents, dropped, rejected };

  function note(record: Crawled): void {
    if ('document' in record) {
      documents.push(record.document);
    } else if ('drop' in record) {
      dropped[record.drop.reason] = (dropped[record.drop.reason] ?? 0) + 1;
    } else {
      const { code, reason } = record.reject;
      rejected[code] = { records: (rejected[code]?.records ?? 0) + 1, first: rejected[code]?.first ?? reason };
    }
  }
}
