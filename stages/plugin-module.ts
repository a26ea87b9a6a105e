/** Plug-ins of third parties: modules, named by their path, or by that of the folder of their package. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../pipeline/error.ts';

const MODULE = /^(\.{0,2}\/|file:|[A-Za-z]:\\)/;

/** Whether a kind is a path (./crawl.ts, ./crawl, /opt/crawl.js, file:///opt/crawl.js) rather than the name of a plug-in. */
export function isModule(kind: string): boolean {
  return MODULE.test(kind);
}

/**
 * The default export of a module; relative paths are found from `base`.
 *
 * @param what source or sink, for the error
 * @throws ConfigError where it cannot be loaded, or is no plug-in
 */
export async function pluginIn(module: string, base: string, what: string): Promise<unknown> {
  let found: { readonly default?: unknown };
  try {
    const url = module.startsWith('file:') ? module : pathToFileURL(entryOf(resolve(base, module))).href;
    found = (await import(url)) as typeof found;
  } catch (cause) {
    throw new ConfigError(`${what} ${module} cannot be loaded: ${(cause as Error).message}`, { cause });
  }
  if (isPlugin(found.default)) return found.default;
  throw new ConfigError(`${what} ${module}: its default export must be {name, summary, config, short, create}`);
}

/** Of a folder, the file that `main` of its package.json names. */
function entryOf(path: string): string {
  return createRequire(import.meta.url).resolve(path);
}

/** By its shape: a third party's zod is a copy of its own. */
function isPlugin(value: unknown): boolean {
  const { name, summary, config, short, create } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return (
    typeof name === 'string' &&
    typeof summary === 'string' &&
    typeof (config as { readonly safeParse?: unknown } | undefined)?.safeParse === 'function' &&
    typeof short === 'function' &&
    typeof create === 'function'
  );
}
