import type { Awaitable, Plugin } from '../../pipeline/contract.ts';
import type { Document } from '../../schemas/types.ts';

/**
 * The document, with what was found out about it, or the rule that it breaks. A filter leaves the text alone: a document is scored
 * as it was crawled, or not at all.
 */
export type Filter = (document: Document) => Document | { readonly broken: string };

/** Named rules about texts. The short form `name:rest` is for the one setting that is worth a flag. */
export interface FilterPlugin<Config> extends Plugin<Config, Awaitable<Filter>> {
  /** Each rule, as it stands behind the filter's name in the reason of a drop, and what breaks it. */
  readonly rules: Readonly<Record<string, string>>;
}

/** A filter that changes nothing of a document, from the rule that one breaks. */
export function ruled(ruleBroken: (document: Document) => string | undefined): Filter {
  return (document) => {
    const broken = ruleBroken(document);
    return broken === undefined ? document : { broken };
  };
}
