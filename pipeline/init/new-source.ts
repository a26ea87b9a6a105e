/** A folder with a source that works, its test and its package.json, for a third party to begin with. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../error.ts';

const TEMPLATE = new URL('source/', import.meta.url);
/** What stands in the template for the name, and for the version of deltasift. */
const NAME = 'my-source';
const VERSION = '0.0.0';

/**
 * @param taken kinds of source that there are
 * @returns names of the files that were written to `folder`/`name`
 * @throws ConfigError where the name is none, or there is something of that name already
 */
export async function newSource(folder: string, name: string, taken: readonly string[]): Promise<readonly string[]> {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 60) {
    throw new ConfigError(
      `a source's name is lower-case letters and digits with single hyphens between words, up to 60 of them, not "${name}"`,
    );
  }
  if (taken.includes(name)) throw new ConfigError(`deltasift has a source called ${name}: choose another name`);
  const target = join(folder, name);
  await mkdir(target).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EEXIST') throw new ConfigError(`${target} is there already: choose another name, or remove it`);
    throw new ConfigError(`${target} cannot be made: ${cause.message}`, { cause });
  });

  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(manifest) as { readonly version: string };
  const files = (await readdir(TEMPLATE)).sort();
  for (const file of files) {
    const text = await readFile(new URL(file, TEMPLATE), 'utf8');
    const own = file === 'package.json' ? text.replace(VERSION, version) : text;
    await writeFile(join(target, file), own.replaceAll(NAME, name), { flag: 'wx' });
  }
  return files;
}
