/** Alerts for tests. */
import type { Alert } from '../../schemas/types.ts';
import { SIGNATURE } from '../../stages/alert/signature.ts';
import { signatureOf } from '../../stages/math/minhash.ts';
import { shinglesOf } from '../../stages/math/shingles.ts';
import { DELTA } from '../kit/store.ts';

/** Of a document of this key; its text is its key's alone. */
export function alertOf(key: string, rest: Partial<Alert> = {}): Alert {
  const ids = Int32Array.from(
    { length: 20 },
    (_, i) => [...key].reduce((sum, c) => 31 * sum + c.charCodeAt(0), i) % 50_000,
  );
  return {
    id: `${DELTA}/${key}/rule`,
    kind: 'match',
    rule: 'rule',
    delta: DELTA,
    key,
    document: `id of ${key}`,
    url: `https://example.org/${key}`,
    host: 'example.org',
    title: null,
    language: 'en',
    text: `text of ${key}`,
    tokens: 20,
    ranking: 0.75,
    measure: 'ranking',
    value: 0.75,
    threshold: 0.5,
    rate: 0,
    extrapolated: false,
    share: 0.999,
    seen: 1000,
    quiet: 1000,
    signature: signatureOf(shinglesOf(ids), SIGNATURE),
    at: 1_700_000_000,
    held: '',
    count: 1,
    digest: '',
    ...rest,
  };
}
