/** `./my-source:FILE`: a document a line, as ID, tab, ADDRESS, tab, TEXT. Put your own crawl in its place. */
import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Crawled, Drop, type Plugin, Reject, type Source } from 'deltasift';
import { ConfigError } from 'deltasift/error';
import { type Line, linesOf } from 'deltasift/stages/sources/bytes/lines';
import { z } from 'zod';

const SAMPLE = fileURLToPath(new URL('sample.tsv', import.meta.url));

/** Every setting has a description; what is wrong with one is said to the user before anything is read. */
const config = z.strictObject({
  path: z.string().default('').describe('the file; the sample beside this module where there is none'),
  maxLine: z
    .int()
    .min(1)
    .default(1 << 20)
    .describe('bytes of a line; longer ones are rejected as too-large'),
});
type Config = z.infer<typeof config>;

const plugin: Plugin<Config, Source> = {
  name: 'my-source',
  summary: 'lines of tab-separated values, one document each',
  config,
  short: (path) => ({ path }),

  create({ path, maxLine }) {
    const file = path === '' ? SAMPLE : resolve(path);
    return {
      /** Cursors are kept under it: the same for the same crawl. */
      name: `my-source:${file}`,

      /** Yields what follows the cursor. A loop that is left, or an abort, closes what is open. */
      async *read(cursor, signal) {
        const from = cursor === undefined ? 0 : byteIn(cursor);
        signal.throwIfAborted();
        if (!existsSync(file)) throw new ConfigError(`${file}: there is no such file`);
        const stream = createReadStream(file, { start: from, signal });
        for await (const line of linesOf(stream, from, maxLine)) {
          signal.throwIfAborted();
          yield crawled(line, maxLine);
        }
      },
    };
  },
};
export default plugin;

/** The cursor of a record resumes after it: here it is the byte behind its line. */
function byteIn(cursor: string): number {
  const [, byte] = /^byte (\d{1,15})$/.exec(cursor) ?? [];
  if (byte !== undefined) return Number(byte);
  throw new ConfigError(`a cursor of my-source is "byte N", but the one to resume after is "${cursor}"`);
}

/** No record is lost in silence: a broken one is a `Reject` with its bytes, one that is no document a `Drop` with a reason. */
function crawled({ to, bytes, tooLong }: Line, maxLine: number): Crawled {
  const cursor = `byte ${to}`;
  const reject = (code: 'too-large' | 'malformed-record', reason: string): Crawled => ({
    cursor,
    reject: new Reject(code, reason),
    bytes,
  });
  if (tooLong) return reject('too-large', `the line has more than ${maxLine} bytes`);
  const [id = '', url = '', ...rest] = bytes.toString().replace(/\r$/, '').split('\t');
  const text = rest.join('\t');
  if (id === '' || rest.length === 0)
    return reject('malformed-record', 'expected an id, an address and a text, with tabs between');
  if (text === '') return { cursor, drop: new Drop('empty') };
  return { cursor, document: { id, url: url === '' ? null : url, text: text.toWellFormed() } };
}
