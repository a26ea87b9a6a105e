/** Folders that are gone when the tests of the file are through. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** @returns makes a fresh folder */
export function folders(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'deltasift-'));
  after(() => rmSync(root, { recursive: true, force: true }));
  return () => mkdtempSync(join(root, 'f-'));
}
