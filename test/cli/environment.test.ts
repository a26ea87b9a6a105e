import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { environmentOf } from '../../pipeline/environment.ts';

const HOME = join('/', 'home', 'ada');

describe('environment', () => {
  test('the model cache is where the Python library keeps it', () => {
    const cacheOf = (variables: Record<string, string>) => environmentOf(variables, HOME, false).cache;
    assert.equal(cacheOf({}), join(HOME, '.cache', 'huggingface'));
    assert.equal(cacheOf({ XDG_CACHE_HOME: 'x' }), join('x', 'huggingface'));
    assert.equal(cacheOf({ XDG_CACHE_HOME: 'x', HF_HOME: 'h' }), 'h');
  });

  test('an empty variable is as good as none', () => {
    const { token, hub, offline } = environmentOf({ HF_TOKEN: '', HF_ENDPOINT: '', HF_HUB_OFFLINE: '' }, HOME, true);
    assert.deepEqual([token, hub, offline], [undefined, undefined, false]);
  });

  test('colours are for terminals, unless NO_COLOR is set', () => {
    const colorsOf = (variables: Record<string, string>, isTerminal = true) =>
      environmentOf(variables, HOME, isTerminal).colors;
    assert.equal(colorsOf({}), '256');
    assert.equal(colorsOf({ COLORTERM: 'truecolor' }), 'truecolor');
    assert.equal(colorsOf({ COLORTERM: 'truecolor', NO_COLOR: '1' }), 'none');
    assert.equal(colorsOf({ COLORTERM: 'truecolor', TERM: 'dumb' }), 'none');
    assert.equal(colorsOf({ COLORTERM: 'truecolor' }, false), 'none');
  });
});
