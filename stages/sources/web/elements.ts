/** What the elements of HTML mean to somebody after the text. */

const words = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/));

/** Begin and end a line. */
const BLOCKS = words(
  `address article aside blockquote body br center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2
   h3 h4 h5 h6 header hgroup hr html legend li listing main menu nav ol option p plaintext pre search section summary table
   tbody tfoot thead title tr ul xmp`,
);

const HEADINGS = words('h1 h2 h3 h4 h5 h6');

/** Stand beside their neighbours, not joined to them. */
const CELLS = words('td th');

/** Keep their line ends. */
const PREFORMATTED = words('pre listing plaintext xmp');

/** Hold no text of the page: code, controls, pictures, and what is shown where something else does not work. */
const SILENT = words(
  'audio button canvas datalist iframe noembed noframes noscript script select style svg template textarea title video',
);

/** Stand around the content of a page, and so do elements of these roles; a header does outside an article. */
export const SURROUNDINGS = words('aside dialog footer menu nav search');
export const SURROUNDING_ROLES = words(
  'alertdialog banner complementary contentinfo dialog menu menubar navigation search toolbar',
);

/** Are the content of a page, and so are elements of these roles. */
export const CONTENTS = words('article main');

/** Whose end tags count. The rest are void, end by themselves where the next one begins, or are in-line. */
const CONTAINERS: ReadonlySet<string> = new Set([
  ...SILENT,
  ...SURROUNDINGS,
  ...CONTENTS,
  ...PREFORMATTED,
  ...words('blockquote center details div dl fieldset figure form header hgroup ol section table ul'),
]);

/** Say of the page what its head does. */
const DESCRIBING = words('html base link title');

/** What an element is to the text; those that are nothing to it have none. */
export interface Element {
  readonly name: string;
  readonly isBlock: boolean;
  readonly isHeading: boolean;
  readonly isCell: boolean;
  readonly isLink: boolean;
  readonly isSilent: boolean;
  readonly isPreformatted: boolean;
  readonly isContainer: boolean;
  /** Whether its attributes matter. */
  readonly isDescribed: boolean;
}

const elements: ReadonlyMap<string, Element> = new Map(
  [...BLOCKS, ...CELLS, ...CONTAINERS, ...DESCRIBING, 'a'].map((name) => [
    name,
    {
      name,
      isBlock: BLOCKS.has(name),
      isHeading: HEADINGS.has(name),
      isCell: CELLS.has(name),
      isLink: name === 'a',
      isSilent: SILENT.has(name),
      isPreformatted: PREFORMATTED.has(name),
      isContainer: CONTAINERS.has(name),
      isDescribed: CONTAINERS.has(name) || DESCRIBING.has(name),
    },
  ]),
);

/** @param written the name as it stands in the page, in any case */
export function elementOf(written: string): Element | undefined {
  return elements.get(written) ?? elements.get(written.toLowerCase());
}
