/** `deltasift gather`: a store from the topics of a cluster. */
import { gatherConfig } from '../config/config.ts';
import { command, noteTo } from './command.ts';

export const gather = command({
  name: 'gather',
  summary:
    "Makes a store of what a cluster's workers have found so far, for top, show and the others to read, or brings one up to date.",
  config: gatherConfig,

  async run(config, { environment, out, err, json, quiet, signal }) {
    const { gatheredStore } = await import('../gather/gathered-store.ts'); // loaded when asked for: other commands start sooner
    const gathered = await gatheredStore(config, { environment, note: noteTo({ err, quiet }) }, signal);
    const messages = await gathered.catchUp(signal).finally(gathered.close);
    const { delta } = gathered;
    const words = `${messages} messages read\ndelta ${delta}\nbest: deltasift top --store ${config.store}\n`;
    out.write(json ? `${JSON.stringify({ messages, delta })}\n` : words);
  },
});
