/** How the house is built: which way imports point, what may stand where. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, test } from 'node:test';
import { generate } from '../schemas/generate.ts';

const ROOT = new URL('../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

const sources: ReadonlyMap<string, string> = new Map(
  ['schemas', 'stages', 'pipeline'].flatMap((folder) =>
    readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .map((file) => posix.join(folder, file.replaceAll('\\', '/')))
      .map((file) => [file, read(file)] as const),
  ),
);

/** From the bottom up. A file belongs to the first layer that names it, and imports its own layer and those below. */
const LAYERS: readonly { readonly name: string; readonly holds: RegExp; readonly sees: readonly string[] }[] = [
  { name: 'schemas', holds: /^schemas\//, sees: [] },
  { name: 'contract', holds: /^pipeline\/(contract|error)\.ts$/, sees: ['schemas'] },
  { name: 'stages', holds: /^stages\//, sees: ['schemas', 'contract'] },
  { name: 'commands', holds: /^pipeline\/(cli\.ts|commands\/|doctor\/)/, sees: ['*'] },
  {
    name: 'compose',
    holds:
      /^pipeline\/((compose|tokens|worker)\.ts|(alerts|deltas|evaluate|gather|metrics|near-duplicates|pick|serve|study|target)\/|config\/(?!address|byte-size|duration)|scan\/scan\.ts|legs\/(handlers|admit)\.ts|crawl\/trace\.ts)/,
    sees: ['schemas', 'contract', 'stages', 'machinery'],
  },
  { name: 'machinery', holds: /^pipeline\//, sees: ['schemas', 'contract'] },
];

function layerOf(file: string): (typeof LAYERS)[number] {
  const layer = LAYERS.find(({ holds }) => holds.test(file));
  assert.ok(layer, `${file} is in no layer`);
  return layer;
}

/** Files of ours that a file imports, types included. */
function importsOf(file: string, text: string): readonly string[] {
  return [...text.matchAll(/(?:from|import|URL)\s*\(?\s*'(\.[^']*\.ts)'/g)].map((match) =>
    posix.join(posix.dirname(file), match[1]!),
  );
}

function filesWith(pattern: RegExp): readonly string[] {
  return [...sources].filter(([, text]) => pattern.test(text)).map(([file]) => file);
}

describe('layout', () => {
  test('imports point one way: schemas, contract, stages, compose, command line', () => {
    const wrong = [...sources].flatMap(([file, text]) => {
      const from = layerOf(file);
      return importsOf(file, text)
        .filter((target) => {
          const to = layerOf(target).name;
          return to !== from.name && !from.sees.includes(to) && !from.sees.includes('*');
        })
        .map((target) => `${file} imports ${target}`);
    });
    assert.deepEqual(wrong, []);
  });

  test('only compose.ts and tokens.ts know the container', () => {
    const allowed = new Set(['pipeline/compose.ts', 'pipeline/tokens.ts']);
    assert.deepEqual(
      filesWith(/'(tsyringe|reflect-metadata)'/).filter((file) => !allowed.has(file)),
      [],
    );
  });

  test('only cli.ts reads the environment', () => {
    assert.deepEqual(
      filesWith(/process\.env|\benv\b.*'node:process'/).filter((file) => file !== 'pipeline/cli.ts'),
      [],
    );
  });

  test('no file hands on what another exports', () => {
    assert.deepEqual(filesWith(/^export (\*|(type )?\{[^}]*\}) (as \w+ )?from/m), []);
  });

  test('the top level holds these names and no others', () => {
    const ignored = new Set([
      '.git',
      ...read('.gitignore')
        .split('\n')
        .map((line) => line.replaceAll('/', '')),
    ]);
    const allowed = new Set(
      `.ci .gitattributes .gitignore .npmrc CHANGELOG.md CONTRIBUTING.md LICENSE README.md bench biome.json deploy docs
       examples package-lock.json package.json pipeline schemas stages test tsconfig.json`.split(/\s+/),
    );
    assert.deepEqual(
      readdirSync(ROOT).filter((name) => !ignored.has(name) && !name.endsWith('.tgz') && !allowed.has(name)),
      [],
    );
  });

  test('schemas/types.ts is what generate.ts would write', () => {
    assert.equal(read('schemas/types.ts'), generate());
  });
});
