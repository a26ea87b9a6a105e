/** Puts lines of text together from pieces. */

/** Longer lines are text even where they are links. */
const SHORT = 100;

export interface LineMaker {
  add(piece: string): void;
  /** Whether what comes next is a link. */
  linked(on: boolean): void;
  /** The line is a heading. */
  heading(): void;
  /** Ends the line, or the lines, where they are `preformatted`. */
  end(preformatted: boolean): void;
}

/** @param content of short lines that are links for four fifths or more, none is wanted but headings */
export function lineMaker(lines: string[], content: boolean): LineMaker {
  let text = '';
  let linkedLetters = 0;
  let isHeading = false;
  let isLink = false;

  return {
    add(piece) {
      text += piece;
      if (isLink && linkedLetters < SHORT) linkedLetters += lettersOf(piece);
    },

    linked(on) {
      isLink = on;
    },

    heading() {
      isHeading = true;
    },

    end(preformatted) {
      if (text !== '') {
        const done = preformatted ? trimLines(text) : text.trim().replace(SPACES, ' ');
        const isMenu = content && !isHeading && linkedLetters > 0 && isMostlyLinks(done, linkedLetters);
        if (done !== '' && !isMenu) lines.push(done);
      }
      text = '';
      linkedLetters = 0;
      isHeading = false;
    },
  };
}

/** White space that is not one space. */
const SPACES = /\s{2,}|[^\S ]/g;

function isMostlyLinks(line: string, linkedLetters: number): boolean {
  const letters = lettersOf(line);
  return letters < SHORT && linkedLetters * 5 >= letters * 4;
}

/** Characters that can be seen, as far as they are fewer than a line's that is not short. */
function lettersOf(text: string): number {
  let letters = 0;
  for (let i = 0; i < text.length && letters < SHORT; i++) if (text.charCodeAt(i) > 0x20) letters++;
  return letters;
}

function trimLines(text: string): string {
  const lines = text.split('\n').map((line) => line.trimEnd());
  return lines.join('\n').replace(/^\n+/, '').trimEnd();
}
