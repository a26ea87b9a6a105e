/** Everything that a user can see of a scan. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { openStore } from '../../pipeline/store/store.ts';
import { deltasift } from '../cli/run.ts';

export interface ScanFiles {
  readonly store: string;
  readonly scores: string;
}

export async function contentsOf({ store: dir, scores }: ScanFiles) {
  const top = await deltasift(['top', '--store', dir, '-k', '1000', '--format', 'jsonl']);
  assert.equal(top.code, 0, top.err);
  const store = openStore(dir, { readonly: true });
  try {
    const [delta] = store.deltas();
    return {
      top: top.out,
      pool: [...store.members(delta!.id, 'pool')],
      state: ['quantiles', 'running'].map((name) => store.state(delta!.id, name)),
      counts: store.counts(),
      rejects: store.rejects().map(({ key, code }) => [key, code]),
      scores: readFileSync(scores, 'utf8'),
    };
  } finally {
    store.close();
  }
}
