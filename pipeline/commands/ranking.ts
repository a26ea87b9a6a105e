/** Which delta is meant by the commands that read a ranking. */
import { ConfigError } from '../error.ts';
import type { KeptDelta, Store } from '../store/store.ts';

/**
 * The delta asked for by its id or the beginning of it, or the only one there is.
 *
 * @throws ConfigError where none or several could be meant; it lists those there are
 */
export function deltaOf(store: Store, asked: string | undefined): KeptDelta {
  const all = store.deltas();
  const [meant, ...others] = all.filter(({ id }) => id.startsWith(asked ?? ''));
  if (meant !== undefined && others.length === 0) return meant;
  if (all.length === 0) throw new ConfigError('the store holds no delta yet: `deltasift scan` puts one there');
  const list = all.map(({ id, base, tuned }) => `\n  ${id}  ${base} -> ${tuned}`).join('');
  if (asked === undefined) throw new ConfigError(`--delta: missing, and the store holds several:${list}`);
  throw new ConfigError(`--delta: expected an id, or enough of its beginning, got ${asked}; the store holds:${list}`);
}
