import { ConfigError } from '../../../pipeline/error.ts';
import { openContent } from '../bytes/content.ts';
import { Damage } from '../bytes/damage.ts';
import type { Input } from '../bytes/input.ts';
import { linesOf } from '../bytes/lines.ts';

const MAX_PATH = 4096;
/** Paths of one list: a crawl has a hundred thousand files. */
const MAX_PATHS = 1_000_000;

/**
 * The paths in a list, one a line, plain or compressed, each once.
 *
 * @throws ConfigError where it cannot be read to its end
 */
export async function pathsIn(list: Input, signal: AbortSignal): Promise<readonly string[]> {
  const paths = new Set<string>();
  const content = await openContent(list, signal);
  try {
    for await (const { bytes, tooLong } of linesOf(content.read(0), 0, MAX_PATH)) {
      const path = bytes.toString().trim();
      if (tooLong || path.startsWith('{') || /\s/.test(path))
        throw new Damage('malformed-record', `${path.slice(0, 80)} is no path`);
      if (path !== '') paths.add(path);
      if (paths.size > MAX_PATHS) throw new Damage('too-large', `it has more than ${MAX_PATHS} lines`);
    }
  } catch (cause) {
    if (!(cause instanceof Damage)) throw cause;
    throw new ConfigError(`${list.address}, where a path a line is expected: ${cause.message}`, { cause });
  } finally {
    await content.close();
  }
  return [...paths];
}
