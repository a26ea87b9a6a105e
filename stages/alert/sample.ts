/** A made-up alert, to try who is told. */
import type { Alert } from '../../schemas/types.ts';
import type { Rule } from './rule.ts';

/** @param at seconds since 1970 */
export function sampleOf({ name, delta, measure, level }: Rule, at: number): Alert {
  const threshold = level.kind === 'above' ? level.value : 0;
  return {
    id: `sample/${name}/${at}`,
    kind: 'sample',
    rule: name,
    delta,
    key: 'sample',
    document: 'sample',
    url: 'https://example.org/',
    host: 'example.org',
    title: 'A sample',
    language: null,
    text: 'This is a sample: no document was found.',
    tokens: 0,
    ranking: threshold,
    measure,
    value: threshold,
    threshold,
    rate: level.kind === 'rate' ? level.rate : 0,
    extrapolated: false,
    share: 1,
    seen: 0,
    quiet: 0,
    signature: new Int32Array(),
    at,
    held: '',
    count: 1,
    digest: '',
  };
}
