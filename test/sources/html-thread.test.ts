import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reject } from '../../pipeline/contract.ts';
import type { HtmlPage } from '../../stages/sources/web/html.ts';
import { openHtmlThreads } from '../../stages/sources/web/html-thread.ts';
import { scratch } from './scratch.ts';

/** A thread's module that does as the page says. */
function moduleOf(): URL {
  const folder = scratch({
    'thread.mjs': `import { parentPort } from 'node:worker_threads';
      parentPort.on('message', ({ html }) => {
        if (html === 'for ever') for (;;);
        if (html === 'fail') throw new Error('no such luck');
        if (html === 'fill') for (const all = []; ; ) all.push(new Array(1e5).fill(0).map((_, i) => ({ i })));
        parentPort.postMessage({ page: { text: html } });
      });`,
  });
  return new URL(`file://${folder}/thread.mjs`);
}

const said = (outcome: HtmlPage | Reject) => (outcome instanceof Reject ? outcome.reason : outcome.text);
const how = { keep: 'main' } as const;

test('a page that does not come to an end is cut off, and those behind it are read', async () => {
  const threads = openHtmlThreads(2, { patience: 200, module: moduleOf() });
  const pages = ['a', 'for ever', 'b', 'c', 'for ever', 'fail', 'd', 'e'];
  const found = await Promise.all(pages.map((html) => threads.read(html, how)));
  const endless = 'reading it does not come to an end';
  assert.deepEqual(found.map(said), ['a', endless, 'b', 'c', endless, 'no such luck', 'd', 'e']);
  assert.ok(found.every((one) => !(one instanceof Reject) || one.code === 'unparsable-html'));
  await threads.close();
});

test('a page that fills the memory of its thread is cut off, and those behind it are read', async () => {
  const threads = openHtmlThreads(1, { patience: 600_000, heap: 32, module: moduleOf() });
  const found = await Promise.all(['a', 'fill', 'b'].map((html) => threads.read(html, how)));
  assert.deepEqual(found.map(said), ['a', 'reading it takes more than 32 MiB of memory', 'b']);
  await threads.close();
});

test('pages come back as they are, from whichever thread', async () => {
  const threads = openHtmlThreads(3);
  const pages = Array.from({ length: 50 }, (_, i) => `<title>${i}</title><nav>menu</nav><p>text ${i}`);
  const found = await Promise.all(pages.map((html) => threads.read(html, how)));
  assert.deepEqual(
    found.map((page) => !(page instanceof Reject) && [page.title, page.text, page.kept]),
    pages.map((_, i) => [`${i}`, `text ${i}`, 'main']),
  );
  await threads.close();
});
