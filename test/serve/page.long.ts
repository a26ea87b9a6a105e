/** The page in a real browser, against a store that changes under it. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Server, serve } from '../../pipeline/serve/server.ts';
import type { Store } from '../../pipeline/store/store.ts';
import { folders } from '../kit/folder.ts';
import { fill, filled, TOKEN } from './served-store.ts';

const CHROMIUM = '/usr/bin/chromium';
const folder = folders();
const PATIENCE = 20_000;

describe('the page', { skip: existsSync(CHROMIUM) ? false : `there is no ${CHROMIUM}` }, () => {
  let browser: Browser;
  let store: Store;
  let server: Server;
  const dir = folder();
  const open = (address: string) =>
    serve({ store: dir, address, token: TOKEN, hosts: [] }, '--serve', (error) => assert.fail(error));

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
  async function visit(token: string, width = 1000): Promise<{ readonly page: Page; readonly complaints: string[] }> {
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
      if (!asked.startsWith(server.url) && !asked.startsWith('data:')) complaints.push(asked);
    });
    await page.goto(`${server.url}/#token=${token}`);
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
      for (const view of ['distribution', 'activity', 'alerts', 'documents']) {
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
