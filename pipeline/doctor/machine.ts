/** What this machine can do. */
import { totalmem } from 'node:os';
import { env } from 'onnxruntime-node';
import { PROVIDERS, type Provider } from '../../stages/graph/providers.ts';
import { type Errors, selfCheck, TOLERANCE } from './self-check.ts';

export interface Machine {
  /** At least one provider works, and none computes something wrong. */
  readonly ok: boolean;
  readonly node: string;
  readonly onnxruntime: string;
  readonly platform: string;
  readonly cores: number;
  /** Bytes; of the container where there is one. */
  readonly memory: { readonly total: number; readonly available: number };
  readonly providers: readonly Checked[];
  /** Of `errors`. */
  readonly tolerance: number;
}

export interface Checked {
  readonly provider: Provider;
  readonly works: boolean;
  /** Where it ran. */
  readonly errors?: Errors;
  /** Where it did not. */
  readonly why?: string;
}

export async function inspect(cores: number, signal: AbortSignal): Promise<Machine> {
  const providers: Checked[] = [];
  for (const provider of PROVIDERS) providers.push(await check(provider, signal));
  const wrong = providers.filter(({ works, errors }) => !works && errors !== undefined);
  return {
    ok: wrong.length === 0 && providers.some(({ works }) => works),
    node: process.versions.node,
    onnxruntime: env.versions.node ?? env.versions.common,
    platform: `${process.platform}-${process.arch}`,
    cores,
    memory: {
      total: Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
      available: process.availableMemory(),
    },
    providers,
    tolerance: TOLERANCE,
  };
}

async function check(provider: Provider, signal: AbortSignal): Promise<Checked> {
  try {
    const errors = await selfCheck(provider, signal);
    return { provider, works: Object.values(errors).every((error) => error <= TOLERANCE), errors };
  } catch (error) {
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    return { provider, works: false, why: message.split(`${provider}: `).at(-1)! };
  }
}
