/** Builds the page, from a checkout: an installed package brings it built. */
import { fileURLToPath } from 'node:url';

/** @param target folder that the files go to; it is emptied */
export async function buildPage(target: string): Promise<void> {
  const { build } = await import('vite'); // not there where the package is installed
  await build({
    root: fileURLToPath(new URL('./page', import.meta.url)),
    base: './',
    configFile: false,
    logLevel: 'error',
    build: { outDir: target, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  });
}
