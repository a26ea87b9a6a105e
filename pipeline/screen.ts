/** A terminal that is drawn on and that keys are read from. */
import type { ReadStream, WriteStream } from 'node:tty';

export interface Screen {
  /** In characters. */
  size(): { readonly columns: number; readonly rows: number };
  /** Until the function returned is called; keys come as they are typed, unechoed, Ctrl-C among them. */
  listen(to: { resized(): void; key(text: string): void }): () => void;
}

/** Undefined where one of the two is no terminal. */
export function screenOf(input: ReadStream, output: WriteStream): Screen | undefined {
  if (input.isTTY !== true || output.isTTY !== true) return undefined;
  return {
    size: () => ({ columns: output.columns || 80, rows: output.rows || 24 }), // one of unknown size says 0

    listen({ resized, key }) {
      const typed = (bytes: Buffer) => key(bytes.toString());
      input.setRawMode(true);
      input.resume();
      input.on('data', typed);
      output.on('resize', resized);
      return () => {
        output.off('resize', resized);
        input.off('data', typed);
        input.setRawMode(false);
        input.pause();
      };
    },
  };
}
