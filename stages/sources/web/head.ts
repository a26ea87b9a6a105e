/** What the head of an HTML page says of it, gathered from its tags as they come. */

export interface PageHead {
  /** Of the first title outside of pictures, as it is written. */
  readonly title: string | null;
  /** The href of rel=canonical as it is written, and what a base element says that it is relative to. */
  readonly canonical: string | null;
  readonly base: string | null;
  /** The language tag of the html element. */
  readonly language: string | null;
}

export interface HeadReader {
  /** `picture`: within SVG, whose titles are its own. */
  start(name: string, attributes: ReadonlyMap<string, string>, picture: boolean): void;
  /** Whether text is that of the title. */
  isInTitle(): boolean;
  text(chars: string): void;
  end(name: string): void;
  head(): PageHead;
}

/** Longer titles are no titles. */
const TITLE = 10_000;

export function headReader(): HeadReader {
  let title: string | undefined;
  let inTitle = false;
  let canonical: string | null = null;
  let base: string | null = null;
  let language: string | null = null;

  return {
    start(name, attributes, picture) {
      const value = (of: string) => attributes.get(of) || null;
      if (name === 'html') language ??= value('lang') ?? value('xml:lang');
      else if (name === 'base') base ??= value('href');
      else if (name === 'link' && /(^|\s)canonical(\s|$)/i.test(value('rel') ?? '')) canonical ??= value('href');
      else if (name === 'title' && !picture && title === undefined) {
        title = '';
        inTitle = true;
      }
    },

    isInTitle: () => inTitle,

    text(chars) {
      if (inTitle && title !== undefined && title.length < TITLE) title += chars;
    },

    end(name) {
      if (name === 'title') inTitle = false;
    },

    head: () => ({ title: title ?? null, canonical, base, language }),
  };
}
