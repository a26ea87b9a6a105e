import { type Awaitable, Drop, type Reject } from '../../../pipeline/contract.ts';
import { type Page, pageOf } from '../web/page.ts';
import { digestReject } from './digest.ts';
import { typeOf, type WarcRecord } from './record.ts';

/** The text that somebody made of a page: a conversion. */
export function extractedText(record: WarcRecord, url: string | null): Awaitable<Page | Reject | Drop> {
  const recordType = typeOf(record);
  if (recordType !== 'conversion') return new Drop(recordType);
  const { headers, block } = record;
  const type = headers.get('content-type') ?? 'text/plain; charset=utf-8';
  const language = headers.get('warc-identified-content-language')?.split(',')[0]; // the one that most of it is in
  const page = pageOf({ type, url, language, extraction: AS_IT_IS }, () => digestReject(record, [block]) ?? block);
  return page instanceof Promise ? page.then(asWet) : asWet(page);
}

/** Some writers call a text HTML. */
const AS_IT_IS = { keep: 'all', threads: 1 } as const;

function asWet(page: Page | Reject | Drop): Page | Reject | Drop {
  return 'text' in page ? { ...page, extraction: 'wet' } : page;
}
