/** The page in a real browser, against a store that changes under it. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Server, serve } from '../../pipeline/serve/server.ts';
import type { Store } from '../../pipeline/store/store.ts';
import { halfTuned } from '../cli/tiny.ts';
import { folders } from '../kit/folder.ts';
import { ENVIRONMENT, fill, filled, pairStore, TOKEN } from './served-store.ts';

const CHROMIUM = '/usr/bin/chromium';
const folder = folders();
const PATIENCE = 20_000;

describe('the page', { skip: existsSync(CHROMIUM) ? false : `there is no ${CHROMIUM}` }, () => {
  let browser: Browser;
  let store: Store;
  let server: Server;
  const [dir, models] = [folder(), folder()];
  const open = (address: string) =>
    serve(
      { store: dir, address, token: TOKEN, hosts: [], roots: [models], environment: ENVIRONMENT },
      '--serve',
      (error) => assert.fail(error),
    );

  before(async () => {
    store = filled(dir, 120);
    mkdirSync(join(dir, 'tokenizer'));
    const tokenizer = new URL('../golden/tiny/base/tokenizer.json', import.meta.url);
    copyFileSync(tokenizer, join(dir, 'tokenizer', 'tokenizer.json'));
    server = await open('0');
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  after(async () => {
    await browser.close();
    await server.close();
    store.close();
  });

  /** A fresh tab; whatever the page complains of fails the test. */
  async function visit(
    token: string,
    width = 1000,
    url = server.url,
  ): Promise<{ readonly page: Page; readonly complaints: string[] }> {
    const page = await browser.newPage({
      viewport: { width, height: 800 },
      colorScheme: width < 400 ? 'dark' : 'light',
    });
    page.setDefaultTimeout(PATIENCE);
    const complaints: string[] = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
    });
    page.on('request', (request) => {
      const asked = request.url();
      if (!asked.startsWith(url) && !asked.startsWith('data:')) complaints.push(asked);
    });
    await page.goto(`${url}/#token=${token}`);
    return { page, complaints };
  }

  test('shows the best and follows what comes in; the token leaves the address', async () => {
    const { page, complaints } = await visit(TOKEN);
    await page.getByRole('cell', { name: 'id of key000119' }).waitFor();
    assert.equal(new URL(page.url()).hash, '');
    fill(store, 1, 900);
    await page.getByRole('cell', { name: 'id of key000900' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('says of a wrong token that it is wrong, and takes the right one', async () => {
    const { page } = await visit('wrong');
    await page.getByText('That is not the token').waitFor();
    await page.getByLabel('Token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'documents' }).waitFor();
    await page.close();
  });

  test('opens a document, its tokens shaded by what each adds', async () => {
    const { page, complaints } = await visit(TOKEN);
    await page.getByRole('button', { name: 'id of key000119' }).click();
    await page.getByText('text of key000119').waitFor();
    const shades = page.locator('.shaded span[style*="background"]');
    assert.ok((await shades.count()) >= 1);
    await page.getByRole('button', { name: 'back' }).click();
    await page.getByRole('cell', { name: 'id of key000118' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  for (const width of [1000, 360]) {
    test(`has every view, by keyboard, with no sideways scrolling of the page (${width} px)`, async () => {
      const { page, complaints } = await visit(TOKEN, width);
      await page.getByRole('button', { name: 'distribution' }).waitFor();
      for (const view of ['distribution', 'activity', 'alerts', 'deltas', 'documents']) {
        await page.getByRole('button', { name: view, exact: true }).focus();
        await page.keyboard.press('Enter');
        await page.locator('section').waitFor();
        const wider = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        assert.ok((wider as number) <= 0, `${view} is ${wider} px too wide`);
      }
      assert.deepEqual(complaints, []);
      await page.close();
    });
  }

  test('adds a delta, pauses it and removes it, by keyboard, also when the server was started again (360 px)', async (context) => {
    const own = folder();
    const kept = pairStore(own);
    const half = halfTuned(join(models, 'half'));
    const start = (address: string) =>
      serve(
        { store: own, address, token: TOKEN, hosts: [], roots: [models], environment: ENVIRONMENT },
        '--serve',
        (error) => assert.fail(error),
      );
    let other = await start('0');
    context.after(async () => {
      await other.close();
      kept.close();
    });
    const { page, complaints } = await visit(TOKEN, 360, other.url);
    const press = async (name: string | RegExp) => {
      await page.getByRole('button', { name, exact: typeof name === 'string' }).focus();
      await page.keyboard.press('Enter');
    };
    await press('deltas');
    const field = page.getByLabel('Tuned checkpoint');
    await field.fill('/etc');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'may not be named' }).waitFor();
    await field.fill(half);
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'is added' }).waitFor();
    const card = page.getByRole('listitem').filter({ hasText: half });
    await card.getByText('active').waitFor();
    const { id } = kept.deltas().find(({ tuned }) => tuned.endsWith('half'))!;
    const short = id.slice(0, 12);
    assert.equal(await page.getByLabel('Delta', { exact: true }).locator('option').count(), 2);

    await press(`pause ${short}`);
    await card.getByText('paused').waitFor();
    assert.equal(kept.deltas().find((delta) => delta.id === id)?.paused, true);

    const { port } = new URL(other.url);
    await other.close();
    await press(`resume ${short}`); // nobody answers: it says so, and nothing is lost
    await page.getByRole('alert').filter({ hasText: 'does not answer' }).waitFor();
    other = await start(port);
    await page.getByText('not connected').waitFor({ state: 'detached' });
    kept.pauseDelta(id, false); // by somebody else: the page follows
    await card.getByText('active').waitFor();

    await press(`remove ${short} ...`);
    await page.locator('button:focus', { hasText: `remove ${short}` }).waitFor();
    await press('keep it');
    await page.locator('button:focus', { hasText: 'remove ...' }).waitFor();
    await press(`remove ${short} ...`);
    await page.locator('button:focus', { hasText: `remove ${short}` }).waitFor();
    await page.keyboard.press('Enter');
    await card.waitFor({ state: 'detached' });
    assert.equal(kept.deltas().length, 1);
    const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    assert.ok((wider as number) <= 0, `${wider} px too wide`);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('comes back by itself when the server was started again', async () => {
    const { page } = await visit(TOKEN);
    await page.getByRole('status').filter({ hasText: 'scored' }).waitFor();
    const { port } = new URL(server.url);
    await server.close();
    await page.getByRole('status').filter({ hasText: 'not connected' }).waitFor();
    server = await open(port);
    fill(store, 1, 950);
    await page.getByRole('cell', { name: 'id of key000950' }).waitFor();
    await page.close();
  });
});
