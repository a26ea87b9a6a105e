import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CLI = fileURLToPath(new URL('../../pipeline/cli.ts', import.meta.url));
const bin = mkdtempSync(join(tmpdir(), 'deltasift-java-'));
after(() => rmSync(bin, { recursive: true }));

async function refusal(): Promise<string> {
  const words = ['dev', '--base', 'b', '--tuned', 't', '--source', 'jsonl:-', '--dev-dir', join(bin, 'dev')];
  const failed = await promisify(execFile)(process.execPath, [CLI, ...words], { env: { PATH: bin } }).catch(
    (error: { readonly code: number; readonly stderr: string }) => error,
  );
  assert.ok('code' in failed);
  assert.equal(failed.code, 78, failed.stderr);
  return failed.stderr;
}

describe('the local broker', () => {
  test('says what to install where there is no Java, an old one, or no Maven', async () => {
    assert.match(await refusal(), /no java on the PATH; .*apt-get install/);
    const program = (name: string, text: string) => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(bin, name), 0o755);
    };
    program('java', `echo 'openjdk version "11.0.2" 2019-01-15' >&2`);
    assert.match(await refusal(), /the java on the PATH is Java 11; .*apt-get install/);
    program('java', `echo 'openjdk version "17.0.15" 2025-04-15' >&2`);
    assert.match(await refusal(), /no mvn on the PATH; .*apt-get install/);
  });
});
