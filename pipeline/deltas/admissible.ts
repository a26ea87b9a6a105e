/** Which checkpoints may be named by somebody who asks over the network. */
import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';

const REMOTE = /^(hf:|https?:\/\/)/;

/**
 * The checkpoint as it is to be opened, or undefined where it lies under none of `roots`. Of a folder that is its real path: a
 * link or `..` leads nowhere else, and what is not there is not told from what may not be named. An address or a name of the hub
 * has to begin with one of the roots, whole parts of it.
 *
 * @param roots folders, `hf:ORG`, `hf:ORG/MODEL`, `https://HOST/PATH`
 */
export async function admissible(tuned: string, roots: readonly string[]): Promise<string | undefined> {
  if (REMOTE.test(tuned)) return roots.some((root) => beginsWith(tuned, root)) ? tuned : undefined;
  const path = await realpath(tuned).catch(() => undefined);
  if (path === undefined) return undefined;
  for (const root of roots) {
    if (REMOTE.test(root)) continue;
    const folder = await realpath(root).catch(() => undefined);
    if (folder !== undefined && (path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)))
      return path;
  }
  return undefined;
}

/** An address that is not written plainly (a user, an escape, `..`, a query) begins with nothing. */
function beginsWith(name: string, root: string): boolean {
  if (!REMOTE.test(root) || !/^[\w:/.@+~-]+$/.test(name) || name.includes('..')) return false;
  if (
    !name.startsWith('hf:') &&
    (URL.parse(name)?.href.replace(/\/$/, '') !== name.replace(/\/$/, '') || name.includes('@'))
  )
    return false;
  const stem = root.replace(/\/+$/, '');
  return name === stem || name.startsWith(`${stem}/`) || (stem.startsWith('hf:') && name.startsWith(`${stem}@`));
}
