/** `npm start` from its beginning, in a folder that looks like a fresh checkout. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { blocksOf } from '../kit/blocks.ts';
import { assertShown } from '../kit/shown.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const checkout = mkdtempSync(join(tmpdir(), 'deltasift-demo-'));
after(() => rmSync(checkout, { recursive: true }));
cpSync(join(ROOT, 'examples'), join(checkout, 'examples'), { recursive: true });
for (const entry of ['package.json', 'node_modules', 'pipeline', 'stages', 'schemas']) {
  symlinkSync(join(ROOT, entry), join(checkout, entry));
}

/** Sends SIGINT once this much of the scan's progress has been shown. */
async function start(interruptAt?: RegExp): Promise<{ readonly code: number | null; readonly out: string }> {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [, ...words] = scripts.start.split(' ');
  const demo = spawn(process.execPath, words, { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  demo.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    if (interruptAt?.test(said) === true && !demo.killed) demo.kill('SIGINT');
  });
  const [out, [code]] = await Promise.all([text(demo.stdout), once(demo, 'close')]);
  if (interruptAt === undefined) assert.equal(code, 0, said);
  return { code, out };
}

function figure(out: string, name: string): number {
  const [, value] = new RegExp(`^ *${name} +([\\d.]+)`, 'm').exec(out) ?? [];
  return Number(value);
}

test('interrupted and typed again, the demo finds what the model was tuned on, and a third time prints the same', async () => {
  assert.equal((await start(/\d documents · .* best /)).code, 130);

  const { out } = await start();
  assert.ok(figure(out, 'of the first 400, tuned on') >= 60, out);
  assert.ok(figure(out, 'AUROC against all others') >= 0.96, out);
  assert.equal((await start()).out, out);

  const [, shown] = blocksOf(readFileSync(join(ROOT, 'README.md'), 'utf8'));
  assertShown(shown!.text, out);
});
