import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { liveTop } from '../../pipeline/commands/top-live.ts';
import { ConfigError } from '../../pipeline/error.ts';
import type { Screen } from '../../pipeline/screen.ts';
import { folders } from '../kit/folder.ts';
import { fill, filled } from '../serve/served-store.ts';
import { deltasift, LAUNCHER } from './run.ts';

const folder = folders();
const CLI = LAUNCHER.replace('launcher.cjs', 'cli.ts');

/** A terminal that is no more than what was written to it. */
function terminal(columns: number, rows: number) {
  const written: string[] = [];
  let size = { columns, rows };
  let on: Parameters<Screen['listen']>[0] | undefined;
  const screen: Screen = {
    size: () => size,
    listen(to) {
      on = to;
      return () => {
        on = undefined;
      };
    },
  };
  return {
    screen,
    out: { write: (piece: string | Uint8Array) => void written.push(String(piece)), isTerminal: true, columns },
    resize(to: typeof size) {
      size = to;
      on!.resized();
    },
    type: (key: string) => on!.key(key),
    listens: () => on !== undefined,
    all: () => written.join(''),
    /** Lines of the last drawing. */
    lines: () =>
      written
        .filter((piece) => piece.startsWith('\u001b[H'))
        .at(-1)!
        .replace('\u001b[H', '')
        .split('\r\n')
        .map((line) => line.replaceAll('\u001b[K', '').replaceAll('\u001b[J', '')),
  };
}

describe('top --live', () => {
  test('is drawn to the size of the terminal, anew when documents come or the size changes; q ends it and gives the screen back', async () => {
    const dir = join(folder(), 'store');
    const store = filled(dir, 50);
    const { screen, out, resize, type, lines, all, listens } = terminal(70, 10);
    const running = liveTop({ store: dir }, { out, screen, json: false, now: () => 0 }, new AbortController().signal);
    assert.equal(lines().length, 10);
    assert.match(lines()[0]!, /^delta d{12} {2}50 scored · 0 wait/);
    assert.match(lines()[3]!, /^ +1 +0\.50000 .*id of key000049/);
    for (const line of lines()) assert.ok(line.length <= 70, line);

    fill(store, 10, 50);
    while (!/ 60 scored/.test(lines()[0]!)) await delay(50);
    assert.match(lines()[3]!, /^ +1 +0\.60000 /);
    resize({ columns: 30, rows: 6 });
    assert.equal(lines().length, 6);
    for (const line of lines()) assert.ok(line.length <= 30, line);

    assert.ok(listens());
    type('q');
    await running;
    assert.ok(!listens());
    assert.ok(all().endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l'));
    store.close();
  });

  test('ends on a signal as well, and on Ctrl-C as a terminal in raw mode hands it over', async () => {
    const dir = join(folder(), 'store');
    filled(dir, 3).close();
    for (const end of ['signal', '\u0003'] as const) {
      const { screen, out, type, all } = terminal(80, 24);
      const stop = new AbortController();
      const running = liveTop({ store: dir }, { out, screen, json: false, now: () => 0 }, stop.signal);
      if (end === 'signal') stop.abort();
      else type(end);
      await running;
      assert.match(all(), /\[\?1049l$/);
    }
  });

  test('where there is no terminal, it writes lines, of JSON if asked for', async () => {
    const dir = join(folder(), 'store');
    filled(dir, 30).close();
    for (const [words, wanted] of [
      [[], /^30 scored · 0 wait · 0 dropped · 0 rejected · best 0\.3000 id of key000029\n$/],
      [['--json', '-k', '2'], /^\{"delta":"d{64}","scored":30,.*"documents":\[\{"rank":1,.*\{"rank":2,.*\]\}\n$/],
    ] as const) {
      const child = spawn(process.execPath, [CLI, 'top', '--store', dir, '--live', ...words]);
      const written = text(child.stdout);
      await once(child.stdout, 'data');
      child.kill('SIGTERM');
      assert.match(await written, wanted);
    }
    const { code, err } = await deltasift(['top', '--store', dir, '--live', '--format', 'csv']);
    assert.deepEqual([code, /--live: expected --format table/.test(err)], [78, true], err);
    await assert.rejects(
      liveTop({ store: dir, delta: 'no' }, { ...terminal(80, 24), json: false, now: () => 0 }, AbortSignal.abort()),
      ConfigError,
    );
  });

  const noScript =
    spawnSync('script', ['--version']).status === 0 ? false : 'no program `script` to have a terminal of';
  test('on a real terminal, of a size it is told, q ends it with 0', { skip: noScript }, async () => {
    const dir = join(folder(), 'store');
    filled(dir, 30).close();
    const command = `stty rows 9 cols 60; exec ${process.execPath} ${CLI} top --store ${dir} --live`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let written = '';
    child.stdout.on('data', (piece) => {
      const isShown = written.includes('q ends');
      written += String(piece);
      if (!isShown && written.includes('q ends')) child.stdin.write('q');
    });
    assert.equal((await once(child, 'exit'))[0], 0);
    const ranks = [...written.matchAll(/^ +(\d+) +0\.\d{5} /gm)].map(([, rank]) => rank);
    assert.deepEqual(ranks, ['1', '2', '3', '4', '5']);
  });
});
