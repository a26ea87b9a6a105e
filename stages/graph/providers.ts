/** Which execution provider runs the model, where the one asked for may be missing on this machine. */
import { ConfigError } from '../../pipeline/error.ts';

export const PROVIDERS = ['cuda', 'webgpu', 'cpu'] as const;
export type Provider = (typeof PROVIDERS)[number];

export interface Opened<Session> {
  readonly session: Session;
  readonly provider: Provider;
  /** A plain sentence for each provider that was asked for and cannot run here. */
  readonly notes: readonly string[];
}

/**
 * Opens a session on the first provider of `asked` that works here.
 * @throws ConfigError that names every provider tried and why it failed, where none works; an Error where cpu is one of them,
 * which runs anywhere: then the model is at fault
 */
export async function firstWorking<Session>(
  asked: readonly Provider[],
  open: (provider: Provider) => Promise<Session>,
): Promise<Opened<Session>> {
  const failures: { readonly provider: Provider; readonly why: string }[] = [];
  for (const provider of asked) {
    try {
      const session = await open(provider);
      return { session, provider, notes: failures.map(({ provider: failed, why }) => missing(failed, why, provider)) };
    } catch (error) {
      failures.push({ provider, why: firstLine(error) });
    }
  }
  const tried = failures.map(({ provider, why }) => `${provider}: ${why}`).join('; ');
  const message = `none of the providers asked for (${asked.join(', ')}) can run the model here: ${tried}`;
  throw asked.includes('cpu') ? new Error(message) : new ConfigError(`${message}; --provider cpu runs anywhere`);
}

function missing(failed: Provider, why: string, instead: Provider): string {
  return `provider ${failed} is not available here (${why}); ${instead} runs instead`;
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error)
    .split('\n', 1)[0]!
    .slice(0, 300);
}
