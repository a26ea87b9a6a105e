/**
 * HTML to text, over the tokens of htmlparser2 with a stack of open elements.
 *
 * No tree is built: what a page needs then grows with its text and its depth, and takes time linear in its length, whatever
 * its author meant to do. A tree builder repairs nesting by searching what is open, which a page can make quadratic.
 */
import { Tokenizer } from 'htmlparser2';
import { CONTENTS, type Element, elementOf, SURROUNDING_ROLES, SURROUNDINGS } from './elements.ts';
import { headReader, type PageHead } from './head.ts';
import { type LineMaker, lineMaker } from './line-maker.ts';

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
  const markup = tokenizable(html, options.xml === true);
  const { isBlank, ...page } = extract(markup, options);
  if (page.text !== '' || isBlank || options.keep === 'all') return page;
  const { isBlank: _, ...whole } = extract(markup, { ...options, keep: 'all' });
  return whole;
}

/** What the standard does before tokens, and where the tokenizer is not of its mind: in HTML, CDATA is a comment up to the next '>'. Controls are taken out in the end. */
function tokenizable(html: string, xml: boolean): string {
  const lined = html.includes('\r') ? html.replace(/\r\n?/g, '\n') : html;
  return xml ? lined : lined.replaceAll('<![CDATA[', '<!\x01[CDATA[');
}

/** How the text of an element is taken: not at all, as surroundings, as content. */
type Part = 'silent' | 'around' | 'content';

interface Open {
  readonly name: string;
  readonly part: Part;
  readonly preformatted: boolean;
}

const ROOT: Open = { name: '', part: 'content', preformatted: false };

interface Extracted extends HtmlPage {
  /** Whether there was no text, kept or not. */
  readonly isBlank: boolean;
}

function extract(html: string, { keep, xml = false }: HtmlOptions): Extracted {
  const head = headReader();
  const lines: string[] = [];
  const line: LineMaker = lineMaker(lines, keep === 'main');
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

  function partOf({ name, isSilent }: Element): Part {
    if (top.part === 'silent' || isSilent) return 'silent';
    const style = attributes.get('style');
    if (attributes.has('hidden') || (style !== undefined && HIDDEN.test(style))) return 'around';
    const role = attributes.get('role')?.trim().toLowerCase();
    if (role !== undefined && SURROUNDING_ROLES.has(role)) return 'around';
    if (SURROUNDINGS.has(name)) return 'around';
    if (name === 'header' && !isOpen('article') && !isOpen('main')) return 'around';
    if (CONTENTS.has(name) || (role !== undefined && CONTENTS.has(role))) return 'content';
    return top.part;
  }

  let isBlank = true;

  function text(chars: string): void {
    if (head.isInTitle()) head.text(chars);
    if (top.part === 'silent') return;
    isBlank &&= chars.trim() === '';
    if (top.part === 'content' || (top.part === 'around' && keep === 'all')) line.add(chars);
  }

  /** Text [from, to) that was not taken yet: the tokenizer parts it at every '<'. */
  let [from, to] = [0, 0];

  function more(start: number, end: number): void {
    if (start !== to) flush();
    if (from === to) from = start;
    to = end;
  }

  function flush(): void {
    if (from < to && (top.part !== 'silent' || head.isInTitle())) text(html.slice(from, to));
    from = to;
  }

  // what is known of the tag that is being read
  let element: Element | undefined;
  const attributes = new Map<string, string>();
  let attribute: string | undefined;
  let value = '';

  function open(selfClosing: boolean): void {
    if (element === undefined) return;
    flush();
    const { name, isBlock, isHeading, isCell, isLink, isPreformatted, isContainer } = element;
    head.start(name, attributes, isOpen('svg'));
    if (isBlock) {
      if (name !== 'title') close('svg'); // as a browser leaves it where HTML goes on
      line.end(top.preformatted);
      if (isHeading) line.heading();
    } else if (isCell) {
      line.add(' ');
    } else if (isLink) {
      line.linked(true);
    }
    const closed = selfClosing && (xml || name === 'svg' || isOpen('svg'));
    if (closed) head.end(name);
    if (closed || !isContainer) return;
    const [part, preformatted] = [partOf(element), top.preformatted || isPreformatted];
    const isAlike = top.name === name && top.part === part && top.preformatted === preformatted;
    push(isAlike ? top : { name, part, preformatted }); // a million of them need little memory then
  }

  const tokenizer = new Tokenizer(
    { recognizeSelfClosing: xml },
    {
      onopentagname(start, end) {
        element = elementOf(html.slice(start, end));
        attributes.clear();
      },
      onattribname(start, end) {
        if (element?.isDescribed !== true) return;
        const name = html.slice(start, end).toLowerCase();
        attribute = ATTRIBUTES.has(name) && !attributes.has(name) ? name : undefined;
        value = '';
      },
      onattribdata(start, end) {
        if (attribute !== undefined) value += html.slice(start, end);
      },
      onattribentity(code) {
        if (attribute !== undefined) value += String.fromCodePoint(code);
      },
      onattribend() {
        if (attribute !== undefined) attributes.set(attribute, value);
        attribute = undefined;
      },
      onopentagend: () => open(false),
      onselfclosingtag: () => open(true),

      onclosetag(start, end) {
        const closed = elementOf(html.slice(start, end));
        if (closed === undefined) return;
        flush();
        head.end(closed.name);
        if (closed.isBlock) line.end(top.preformatted);
        else if (closed.isLink) line.linked(false);
        if (closed.isContainer) close(closed.name);
      },

      ontext: more,
      ontextentity(code) {
        flush();
        text(String.fromCodePoint(code));
      },
      onend() {
        flush();
        line.end(top.preformatted);
      },
      isInForeignContext: () => isOpen('svg'),
      oncdata: (start, end, behind) => more(start, end - behind),
      oncomment() {},
      ondeclaration() {},
      onprocessinginstruction() {},
    },
  );
  tokenizer.write(html);
  tokenizer.end();
  const said = head.head();
  const title = said.title?.replace(CONTROLS, '').trim() || null;
  return { ...said, title, text: lines.join('\n').replace(CONTROLS, ''), kept: keep, isBlank };
}

const HIDDEN = /display\s*:\s*none/i;

/** The attributes that are asked for. */
const ATTRIBUTES: ReadonlySet<string> = new Set('hidden style role lang xml:lang href rel'.split(' '));

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be taken out
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f]+/g;
