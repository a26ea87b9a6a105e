import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Outgoing } from '../../../pipeline/contract.ts';
import { ConfigError } from '../../../pipeline/error.ts';
import { type ScoresFile, scoresFile } from '../../../pipeline/scan/scores-file.ts';
import type { Scan } from '../../../pipeline/store/scan.ts';
import { openStore } from '../../../pipeline/store/store.ts';
import { scoreCodec } from '../../../schemas/codec.ts';
import { folders } from '../../kit/folder.ts';
import { scoreOf } from '../../kit/store.ts';

const folder = folders();

const message = (key: string): Outgoing => ({
  topic: 'scores',
  key,
  value: scoreCodec.encode(scoreOf(key, 25, { id: key, url: 'u' })),
  headers: {},
});

/** A scan and the file beside it, opened anew for each call, as after a restart. */
function beside(path: string, body: (file: ScoresFile, scan: Scan) => void): void {
  const store = openStore(join(path, '..', 'store'));
  const scan = store.scan('scan');
  try {
    const file = scoresFile(path, scan);
    body(file, scan);
    file.close();
  } finally {
    store.close();
  }
}

const ids = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).id);

describe('scores file', () => {
  test('a line holds these fields, numbers in full', () => {
    const path = join(folder(), 'scores.jsonl');
    beside(path, (file, scan) => scan.commit(() => file.write([message('a')])));
    assert.equal(
      readFileSync(path, 'utf8'),
      '{"id":"a","url":"u","score":0.25,"alignment":25,"gradientNorm":1.5,"loss":5.25,"lossTunedHead":4.125,"tokens":2,' +
        '"window":1,"windows":3,"meanAlignment":0.3333333333333333,"cosine":0.25,"lossTuned":null,"label":null,"consistency":0.1111111111111111,"ranking":0.25}\n',
    );
  });

  test('lines that were not committed are cut off when it is opened again', () => {
    const path = join(folder(), 'scores.jsonl');
    beside(path, (file, scan) => {
      scan.commit(() => file.write([message('a'), message('b')]));
      assert.throws(() =>
        scan.commit(() => {
          file.write([message('lost')]);
          throw new Error('killed here');
        }),
      );
    });
    appendFileSync(path, '{"id":"half');
    beside(path, (file, scan) => scan.commit(() => file.write([message('c')])));
    assert.deepEqual(ids(path), ['a', 'b', 'c']);
  });

  test('a commit that was undone leaves no gap before the next one', () => {
    const path = join(folder(), 'scores.jsonl');
    beside(path, (file, scan) => {
      for (const key of ['a', 'b']) {
        assert.throws(() =>
          scan.commit(() => {
            file.write([message('a much longer key that is undone')]);
            throw new Error('undone');
          }),
        );
        scan.commit(() => file.write([message(key)]));
      }
    });
    assert.deepEqual(ids(path), ['a', 'b']);
  });

  test('closed after a commit that was undone, it ends with the last line that was committed', () => {
    const path = join(folder(), 'scores.jsonl');
    beside(path, (file, scan) => {
      scan.commit(() => file.write([message('a')]));
      assert.throws(() =>
        scan.commit(() => {
          file.write([message('undone')]);
          throw new Error('undone');
        }),
      );
    });
    assert.deepEqual(ids(path), ['a']);
  });

  test('two scans cannot write to one file: the one that finds lines of the other stops', () => {
    const path = join(folder(), 'scores.jsonl');
    beside(path, (file, scan) => {
      const other = openStore(folder());
      const theirs = scoresFile(path, other.scan('scan'));
      scan.commit(() => file.write([message('a')]));
      assert.throws(
        () => other.scan('scan').commit(() => theirs.write([message('b')])),
        (error) => error instanceof ConfigError && /another scan/.test(error.message),
      );
      other.close();
    });
    assert.deepEqual(ids(path), ['a']);
  });

  test('goes on where the file and its store were moved to', () => {
    const [here, there] = [join(folder(), 'run'), join(folder(), 'run')];
    mkdirSync(here);
    beside(join(here, 'scores.jsonl'), (file, scan) => scan.commit(() => file.write([message('a')])));
    renameSync(here, there);
    const path = join(there, 'scores.jsonl');
    beside(path, (file, scan) => scan.commit(() => file.write([message('b')])));
    assert.deepEqual(ids(path), ['a', 'b']);
  });

  test('a file shorter than what was committed is refused, and one that is somebody else’s is not touched', () => {
    const path = join(folder(), 'scores.jsonl');
    beside(path, (file, scan) => scan.commit(() => file.write([message('a')])));
    truncateSync(path, 10);
    assert.throws(
      () => beside(path, () => {}),
      (error) => error instanceof ConfigError && /has 10 bytes, but \d+ were committed/.test(error.message),
    );

    const other = join(folder(), 'other.jsonl');
    writeFileSync(other, 'precious');
    assert.throws(
      () => beside(other, () => {}),
      (error) => error instanceof ConfigError && /is there already/.test(error.message),
    );
    assert.equal(readFileSync(other, 'utf8'), 'precious');
  });

  test('a path that cannot be written, or is no file that can be cut back, is a config error', () => {
    const path = join(folder(), 'scores.jsonl');
    beside(path, (_, scan) => {
      for (const bad of [join(path, 'below', 'a', 'file'), folder(), '/dev/null']) {
        assert.throws(() => scoresFile(bad, scan), ConfigError, bad);
      }
    });
  });
});
