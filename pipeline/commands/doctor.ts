/** `deltasift doctor`: what this machine can do, and whether it computes what it should. */
import { doctorConfig } from '../config/config.ts';
import type { Checked, Machine } from '../doctor/machine.ts';
import { command } from './command.ts';

export const doctor = command({
  name: 'doctor',
  summary: 'Says what this machine can do, and checks gradients on every provider against a float64 twin.',
  config: doctorConfig,

  async run(_, { out, json, cores, signal }) {
    const { inspect } = await import('../doctor/machine.ts'); // loaded when asked for: other commands start sooner
    const machine = await inspect(cores, signal);
    out.write(json ? `${JSON.stringify(machine)}\n` : words(machine));
    if (!machine.ok) throw new Error('scores made on this machine would be wrong');
  },
});

function words({ node, onnxruntime, platform, cores, memory, providers, tolerance }: Machine): string {
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  return [
    `Node ${node}, ONNX Runtime ${onnxruntime}, ${platform}`,
    `${cores} cores, ${gib(memory.available)} of ${gib(memory.total)} GiB memory free`,
    ...providers.map((checked) => verdict(checked, tolerance)),
    '',
  ].join('\n');
}

function verdict({ provider, works, errors, why }: Checked, tolerance: number): string {
  if (errors === undefined) return `${provider}: cannot run here (${why})`;
  const largest = Math.max(...Object.values(errors)).toExponential(1);
  return `${provider}: ${works ? 'works' : 'WRONG'}, at most ${largest} from the float64 twin (allowed ${tolerance})`;
}
