import type { Crawled } from '../../pipeline/contract.ts';

/** What became of each record: the text of a document, or why there is none. */
export function said(records: readonly Crawled[]): readonly string[] {
  return records.map((record) => {
    if ('document' in record) return record.document.text;
    return 'reject' in record ? `reject ${record.reject.code}` : `drop ${record.drop.reason}`;
  });
}
