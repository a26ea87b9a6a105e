import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConfigError } from '../../pipeline/error.ts';
import { asMermaid, asText, STEPS, topology } from '../../pipeline/topology.ts';

describe('topology', () => {
  test('every cut between steps may be a topic or a call', () => {
    const cut = topology(STEPS).map(({ reads, writes }) => [reads, writes[0]]);
    assert.deepEqual(cut, [
      ['documents', 'tokens'],
      ['tokens', 'sketches'],
      ['sketches', 'scores'],
      ['scores', 'selection'],
    ]);
    const [whole] = topology([STEPS.join('+')]);
    assert.deepEqual(
      [whole?.reads, whole?.writes],
      ['documents', ['selection', 'seen', 'replay', 'counts', 'dead', 'drops']],
    );
  });

  test('legs are listed in the order in which documents pass them', () => {
    assert.deepEqual(
      topology(['select', 'tokenize']).map(({ name }) => name),
      ['tokenize', 'select'],
    );
  });

  test('refuses unknown steps, gaps, the wrong order and a step in two legs, saying what was expected', () => {
    assert.throws(
      () => topology(['alerts']),
      /expected one of tokenize, compare, gradient, score, select, watch, match/,
    );
    assert.throws(() => topology(['tokenize+score']), /expected tokenize\+gradient/);
    assert.throws(() => topology(['score+gradient']), ConfigError);
    assert.throws(() => topology(['gradient', 'gradient+score']), /handled twice/);
  });

  test('with near duplicates dropped, compare stands between tokenize and gradient; else nobody reads or writes its topics', () => {
    const legs = topology(['compare', ...STEPS], { comparing: true });
    assert.deepEqual(
      legs.slice(0, 3).map(({ name, reads, writes }) => [name, reads, writes]),
      [
        ['tokenize', 'documents', ['bands', 'seen', 'counts', 'dead', 'drops']],
        ['compare', 'bands', ['bands', 'tokens', 'signatures', 'counts', 'dead', 'drops']],
        ['gradient', 'tokens', ['sketches', 'replay', 'counts', 'dead', 'drops']],
      ],
    );
    for (const names of [STEPS, [STEPS.join('+')]]) {
      const touched = topology(names).flatMap(({ reads, writes }) => [reads, ...writes]);
      assert.ok(!touched.includes('bands') && !touched.includes('signatures'));
    }
    assert.throws(() => topology(['compare']), /leg compare: .*--near-duplicates drop/);
    assert.throws(() => topology(['tokenize+gradient'], { comparing: true }), /expected it as a leg of its own/);
    assert.throws(() => topology(['compare+gradient'], { comparing: true }), /expected compare/);
  });

  test('the text and the chart name every topic and group with the prefix', () => {
    const legs = topology(['tokenize', 'gradient+score', 'select']);
    assert.match(asText(legs, 'p.'), /^gradient\+score: p\.tokens -> \[gradient > score\] -> p\.scores, /m);
    assert.match(asMermaid(legs, 'p.'), /t_tokens -- "group p\.gradient\+score" --> leg1/);
    assert.doesNotMatch(asMermaid(legs, 'p.'), /sketches/);
  });
});
