/** The fenced blocks of a Markdown page. */
export interface Block {
  /** What stands behind the fence: `sh`, `text`, `sh gpu`. */
  readonly info: string;
  readonly text: string;
}

/** A fence may be indented, as in a list: its block then is by as much. */
export function blocksOf(markdown: string): readonly Block[] {
  const fenced = /^( *)```([^\n`]*)\n(.*?)^\1```$/gms;
  return [...markdown.matchAll(fenced)].map(([, indent = '', info = '', text = '']) => ({
    info: info.trim(),
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}
