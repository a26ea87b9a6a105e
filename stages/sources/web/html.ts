/**
 * HTML to text, over the tokens of parse5 with a stack of open elements.
 *
 * No tree is built: what a page needs then grows with its text and its depth, and takes time linear in its length, whatever
 * its author meant to do. A tree builder repairs nesting by searching what is open, which a page can make quadratic.
 */
import { type Token, type TokenHandler, Tokenizer } from 'parse5';
import {
  BLOCKS,
  CELLS,
  CONTAINERS,
  CONTENTS,
  HEADINGS,
  MODES,
  PREFORMATTED,
  SILENT,
  SURROUNDING_ROLES,
  SURROUNDINGS,
} from './elements.ts';
import { headReader, type PageHead } from './head.ts';

export interface HtmlOptions {
  /**
   * `main` leaves out what stands around the content: elements for navigation, page headers and footers, asides and dialogs
   * (by name or role; the innermost one counts, so an article inside of one is kept), hidden ones, and short lines that are
   * links for four fifths or more, but headings. Where nothing is left, it is `all`: everything that is text.
   */
  readonly keep: 'main' | 'all';
  /** Whether it was served as XHTML, where any element may close itself: <script/>. */
  readonly xml?: boolean;
}

export interface HtmlPage extends PageHead {
  /** One line per block; '' where there is no text. */
  readonly text: string;
  /** What was kept to have it. */
  readonly kept: HtmlOptions['keep'];
}

export function readHtml(html: string, options: HtmlOptions): HtmlPage {
  const page = extract(html, options);
  return page.text === '' && options.keep === 'main' ? extract(html, { ...options, keep: 'all' }) : page;
}

/** How the text of an element is taken: not at all, as surroundings, as content. */
type Part = 'silent' | 'around' | 'content';

interface Open {
  readonly name: string;
  readonly part: Part;
  readonly preformatted: boolean;
}

const ROOT: Open = { name: '', part: 'content', preformatted: false };

function extract(html: string, { keep, xml = false }: HtmlOptions): HtmlPage {
  const head = headReader();
  const lines: string[] = [];
  const line = lineMaker(lines, keep === 'main');
  const stack: Open[] = [];
  const count = new Map<string, number>();
  let top = ROOT;

  function push(open: Open): void {
    stack.push(open);
    count.set(open.name, (count.get(open.name) ?? 0) + 1);
    top = open;
  }

  /** Closes the innermost element of that name and all in it; each was opened once, so all closing is linear. */
  function close(name: string): void {
    if (!isOpen(name)) return;
    for (let open = stack.pop(); open !== undefined; open = stack.pop()) {
      count.set(open.name, count.get(open.name)! - 1);
      if (open.name === name) break;
    }
    top = stack.at(-1) ?? ROOT;
  }

  function isOpen(name: string): boolean {
    return (count.get(name) ?? 0) > 0;
  }

  function partOf(name: string, attributes: readonly Token.Attribute[]): Part {
    if (top.part === 'silent' || SILENT.has(name)) return 'silent';
    let role: string | undefined;
    for (const { name: attribute, value } of attributes) {
      if (attribute === 'hidden' || (attribute === 'style' && HIDDEN.test(value))) return 'around';
      if (attribute === 'role') role = value.trim().toLowerCase();
    }
    if (role !== undefined && SURROUNDING_ROLES.has(role)) return 'around';
    if (SURROUNDINGS.has(name)) return 'around';
    if (name === 'header' && !isOpen('article') && !isOpen('main')) return 'around';
    if (CONTENTS.has(name) || (role !== undefined && CONTENTS.has(role))) return 'content';
    return top.part;
  }

  function isTaken(): boolean {
    return top.part === 'content' || (top.part === 'around' && keep === 'all');
  }

  const handler: TokenHandler = {
    onStartTag({ tagName: name, attrs, selfClosing }) {
      head.start(name, attrs, isOpen('svg'));
      if (BLOCKS.has(name)) {
        if (name !== 'title') close('svg'); // as a browser leaves it where HTML goes on
        line.end(top.preformatted);
        if (HEADINGS.has(name)) line.heading();
      } else if (CELLS.has(name)) {
        line.add(' ', false);
      } else if (name === 'a') {
        line.linked(true);
      }
      const closed = selfClosing && (xml || name === 'svg' || isOpen('svg'));
      if (closed) head.end(name);
      if (closed || !CONTAINERS.has(name)) return;
      push({ name, part: partOf(name, attrs), preformatted: top.preformatted || PREFORMATTED.has(name) });
      const mode = MODES.get(name);
      if (mode !== undefined) tokenizer.state = mode;
    },

    onEndTag({ tagName: name }) {
      head.end(name);
      if (BLOCKS.has(name)) line.end(top.preformatted);
      else if (name === 'a') line.linked(false);
      if (CONTAINERS.has(name)) close(name);
    },

    onCharacter({ chars }) {
      head.text(chars);
      if (isTaken()) line.add(chars, true);
    },

    onWhitespaceCharacter({ chars }) {
      head.text(chars);
      if (isTaken()) line.add(top.preformatted ? chars : ' ', false);
    },

    onNullCharacter() {},
    onComment() {},
    onDoctype() {},
    onEof: () => line.end(top.preformatted),
    onParseError: null,
  };

  const tokenizer = new Tokenizer({ sourceCodeLocationInfo: false }, handler);
  tokenizer.write(html, true);
  return { text: lines.join('\n').replace(CONTROLS, ''), kept: keep, ...head.head() };
}

const HIDDEN = /display\s*:\s*none/i;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be taken out
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]+/g;

/** Longer lines are text even where they are links. */
const SHORT = 100;

/** Puts lines together from pieces; of short ones that are mostly links, none where `content` is wanted. */
function lineMaker(lines: string[], content: boolean) {
  let text = '';
  let letters = 0;
  let linkedLetters = 0;
  let isHeading = false;
  let isLink = false;

  return {
    add(piece: string, visible: boolean): void {
      text += piece;
      if (!visible) return;
      letters += piece.length;
      if (isLink) linkedLetters += piece.length;
    },

    linked(on: boolean): void {
      isLink = on;
    },

    heading(): void {
      isHeading = true;
    },

    end(preformatted: boolean): void {
      const isMenu = content && !isHeading && letters < SHORT && linkedLetters * 5 >= letters * 4;
      if (letters > 0 && !isMenu) {
        const done = preformatted ? trimLines(text) : text.replace(/\s+/g, ' ').trim();
        if (done !== '') lines.push(done);
      }
      text = '';
      letters = 0;
      linkedLetters = 0;
      isHeading = false;
    },
  };
}

function trimLines(text: string): string {
  const lines = text.split('\n').map((line) => line.trimEnd());
  return lines.join('\n').replace(/^\n+/, '').trimEnd();
}
