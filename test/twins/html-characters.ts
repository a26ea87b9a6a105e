import { Tokenizer, TokenizerMode } from 'parse5';

const MODES = new Map([
  ['title', TokenizerMode.RCDATA],
  ['textarea', TokenizerMode.RCDATA],
  ['script', TokenizerMode.SCRIPT_DATA],
  ['style', TokenizerMode.RAWTEXT],
  ['plaintext', TokenizerMode.PLAINTEXT],
]);

/** Characters between the tags of a page but white space and controls, by the tokenizer of the HTML standard. */
export function htmlCharacters(html: string): string {
  let text = '';
  let silent: string | undefined;
  const tokenizer = new Tokenizer(
    { sourceCodeLocationInfo: false },
    {
      onStartTag({ tagName }) {
        const mode = MODES.get(tagName);
        if (mode === undefined) return;
        tokenizer.state = mode;
        if (tagName !== 'plaintext') silent = tagName;
      },
      onEndTag({ tagName }) {
        if (tagName === silent) silent = undefined;
      },
      onCharacter({ chars }) {
        if (silent === undefined) text += chars;
      },
      onWhitespaceCharacter() {},
      onNullCharacter() {},
      onComment() {},
      onDoctype() {},
      onEof() {},
      onParseError: null,
    },
  );
  tokenizer.write(html, true);
  return text;
}
