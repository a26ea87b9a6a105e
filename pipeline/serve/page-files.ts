/** The page's files: built with the package; in a checkout, when they are first asked for and whenever the sources changed. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from './build-page.ts';

export interface PageFile {
  readonly body: Buffer;
  readonly type: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

const PAGE = fileURLToPath(new URL('./page', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/deltasift-page', import.meta.url));

/** By path: `/` is the page itself. */
export async function pageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const folder = existsSync(join(PAGE, 'main.tsx')) ? await built() : PAGE;
  const names = globSync('{index.html,assets/*}', { cwd: folder });
  return new Map(
    names.map((name) => [
      name === 'index.html' ? '/' : `/${name.replaceAll('\\', '/')}`,
      { body: readFileSync(join(folder, name)), type: TYPES[extname(name)] ?? 'application/octet-stream' },
    ]),
  );
}

async function built(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of globSync('*', { cwd: PAGE }).sort()) hash.update(name).update(readFileSync(join(PAGE, name)));
  const folder = join(CACHE, hash.digest('hex').slice(0, 16));
  if (!existsSync(join(folder, 'index.html'))) await buildPage(folder);
  return folder;
}
