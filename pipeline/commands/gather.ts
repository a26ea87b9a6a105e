/** `deltasift gather`: a store from the topics of a cluster. */
import { gatherConfig } from '../config/config.ts';
import { command, noteTo } from './command.ts';

export const gather = command({
  name: 'gather',
  summary: "Makes a store of what a cluster's workers have found so far, for top, show and the others to read.",
  config: gatherConfig,

  async run(config, { environment, out, err, json, quiet, signal }) {
    const { gather: run } = await import('../gather.ts'); // loaded when asked for: other commands start sooner
    const note = noteTo({ err, quiet });
    const { messages, delta } = await run(config, { environment, note }, signal);
    const words = `${messages} messages read\ndelta ${delta}\nbest: deltasift top --store ${config.store}\n`;
    out.write(json ? `${JSON.stringify({ messages, delta })}\n` : words);
  },
});
