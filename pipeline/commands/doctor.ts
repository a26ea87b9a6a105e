/** `deltasift doctor`: what this machine can do, and whether it computes what it should. */
import { totalmem } from 'node:os';
import { env } from 'onnxruntime-node';
import { PROVIDERS, type Provider } from '../../stages/graph/providers.ts';
import { doctorConfig } from '../config.ts';
import { type Errors, selfCheck, TOLERANCE } from '../doctor/self-check.ts';
import { command } from './command.ts';

interface Checked {
  readonly provider: Provider;
  readonly works: boolean;
  /** Where it ran. */
  readonly errors?: Errors;
  /** Where it did not. */
  readonly why?: string;
}

interface Machine {
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

export const doctor = command({
  name: 'doctor',
  summary: 'Says what this machine can do, and checks gradients on every provider against a float64 twin.',
  config: doctorConfig,

  async run(_, { out, json, cores, signal }) {
    const providers: Checked[] = [];
    for (const provider of PROVIDERS) providers.push(await check(provider, signal));
    const wrong = providers.filter(({ works, errors }) => !works && errors !== undefined);
    const machine: Machine = {
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
    out.write(json ? `${JSON.stringify(machine)}\n` : words(machine));
    if (!machine.ok) throw new Error('scores made on this machine would be wrong');
  },
});

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

function words({ node, onnxruntime, platform, cores, memory, providers }: Machine): string {
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  return [
    `Node ${node}, ONNX Runtime ${onnxruntime}, ${platform}`,
    `${cores} cores, ${gib(memory.available)} of ${gib(memory.total)} GiB memory free`,
    ...providers.map(verdict),
    '',
  ].join('\n');
}

function verdict({ provider, works, errors, why }: Checked): string {
  if (errors === undefined) return `${provider}: cannot run here (${why})`;
  const largest = Math.max(...Object.values(errors)).toExponential(1);
  return `${provider}: ${works ? 'works' : 'WRONG'}, at most ${largest} from the float64 twin (allowed ${TOLERANCE})`;
}
