/** `deltasift gather`: a store from the topics of a cluster. */
import { gatherConfig } from '../config/config.ts';
import { ConfigError } from '../error.ts';
import { command, noteTo } from './command.ts';

export const gather = command({
  name: 'gather',
  summary:
    "Makes a store of what a cluster's workers have found so far, for top, show and the others to read, or brings one up to date.",
  config: gatherConfig,

  async run(config, { environment, out, err, json, quiet, signal }) {
    const { gatheredStore } = await import('../gather/gathered-store.ts'); // loaded when asked for: other commands start sooner
    const gathered = await gatheredStore(config, { environment, note: noteTo({ err, quiet }) }, signal);
    const { delta } = gathered;
    let messages: number;
    try {
      messages = await gathered.catchUp(signal);
      if (gathered.isEmpty())
        throw new ConfigError(`delta ${delta} was removed from the cluster, and there is no other`);
    } finally {
      gathered.close();
    }
    const words = `${messages} messages read\ndelta ${delta}\nbest: deltasift top --store ${config.store}\n`;
    out.write(json ? `${JSON.stringify({ messages, delta })}\n` : words);
  },
});
