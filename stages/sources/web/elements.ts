/** What the elements of HTML mean to somebody after the text. */
import { TokenizerMode } from 'parse5';

const words = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/));

/** Begin and end a line. */
export const BLOCKS = words(
  `address article aside blockquote body br center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2
   h3 h4 h5 h6 header hgroup hr html legend li listing main menu nav ol option p plaintext pre search section summary table
   tbody tfoot thead title tr ul xmp`,
);

export const HEADINGS = words('h1 h2 h3 h4 h5 h6');

/** Stand beside their neighbours, not joined to them. */
export const CELLS = words('td th');

/** Keep their line ends. */
export const PREFORMATTED = words('pre listing plaintext xmp');

/** Hold no text of the page: code, controls, pictures, and what is shown where something else does not work. */
export const SILENT = words(
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
export const CONTAINERS: ReadonlySet<string> = new Set([
  ...SILENT,
  ...SURROUNDINGS,
  ...CONTENTS,
  ...PREFORMATTED,
  ...words('blockquote center details div dl fieldset figure form header hgroup ol section table ul'),
]);

/** What the tokenizer reads after a start tag, which in a browser the tree builder tells it. */
export const MODES: ReadonlyMap<string, (typeof TokenizerMode)[keyof typeof TokenizerMode]> = new Map([
  ['title', TokenizerMode.RCDATA],
  ['textarea', TokenizerMode.RCDATA],
  ['style', TokenizerMode.RAWTEXT],
  ['xmp', TokenizerMode.RAWTEXT],
  ['iframe', TokenizerMode.RAWTEXT],
  ['noembed', TokenizerMode.RAWTEXT],
  ['noframes', TokenizerMode.RAWTEXT],
  ['script', TokenizerMode.SCRIPT_DATA],
  ['plaintext', TokenizerMode.PLAINTEXT],
]);
