/** For commands that look at a store, or at a cluster where none is named. */
import { ConfigError } from '../error.ts';

/** @throws ConfigError where neither is named */
export function eitherOf<Brokers>({
  store,
  brokers,
}: {
  readonly store: string | undefined;
  readonly brokers: Brokers | undefined;
}): { readonly store: string } | { readonly brokers: Brokers } {
  if (store !== undefined) return { store };
  if (brokers !== undefined) return { brokers };
  throw new ConfigError('expected --store DIR, or --brokers HOST:PORT of a cluster');
}
