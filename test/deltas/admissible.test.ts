import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { admissible } from '../../pipeline/deltas/admissible.ts';
import { folders } from '../kit/folder.ts';

const dir = realpathSync(folders()());
const root = join(dir, 'models');
for (const name of ['models/a', 'models-private/b', 'elsewhere']) mkdirSync(join(dir, name), { recursive: true });
symlinkSync(join(dir, 'elsewhere'), join(root, 'out'));
symlinkSync(join(root, 'a'), join(dir, 'in'));

describe('a checkpoint named over the network', () => {
  test('is a folder under a root, by its real path', async () => {
    assert.equal(await admissible(join(root, 'a'), [root]), join(root, 'a'));
    assert.equal(await admissible(`${root}/none/../a`, [root]), undefined);
    assert.equal(await admissible(join(root, '../models/a'), [`${root}/`]), join(root, 'a'));
    assert.equal(await admissible(join(dir, 'in'), ['hf:org', root]), join(root, 'a'), 'a link into it');
  });

  const outside = [
    join(dir, 'elsewhere'),
    join(root, 'out'),
    join(root, '../elsewhere'),
    join(dir, 'models-private/b'),
    join(root, 'none'),
    `${root}/a\0`,
    '/etc/passwd',
    '',
  ];
  for (const path of outside) {
    test(`is not ${JSON.stringify(path.replace(dir, ''))}`, async () =>
      assert.equal(await admissible(path, [root]), undefined));
  }

  const remote: readonly (readonly [name: string, root: string, may: boolean])[] = [
    ['hf:org/model', 'hf:org', true],
    ['hf:org/model@main', 'hf:org/', true],
    ['hf:org/model@main', 'hf:org/model', true],
    ['hf:org/model-private', 'hf:org/model', false],
    ['hf:organ/model', 'hf:org', false],
    ['hf:org/../other', 'hf:org', false],
    ['https://host.example/a/b', 'https://host.example/a', true],
    ['https://host.example/a', 'https://host.example', true],
    ['https://host.example.evil/a', 'https://host.example', false],
    ['https://host.example@evil.example/a', 'https://host.example', false],
    ['https://host.example:8443/a', 'https://host.example', false],
    ['https://host.example/a/../b', 'https://host.example/a', false],
    ['https://host.example/a/%2e%2e/b', 'https://host.example/a', false],
    ['https://host.example/a?x=/../b', 'https://host.example/a', false],
    ['http://host.example/a', 'https://host.example', false],
    ['http://127.0.0.1:2375/a', root, false],
  ];
  for (const [name, under, may] of remote) {
    test(`${name} is ${may ? '' : 'not '}under ${under.replace(dir, '')}`, async () =>
      assert.equal(await admissible(name, [under]), may ? name : undefined));
  }
});
