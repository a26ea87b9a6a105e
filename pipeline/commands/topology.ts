/** `deltasift topology`: the graph that workers would run. */
import { topologyConfig } from '../config/config.ts';
import { legsOf } from '../config/kafka.ts';
import { asMermaid, asText } from '../topology.ts';
import { command } from './command.ts';

export const topology = command({
  name: 'topology',
  summary: 'Prints the legs, and the topics between them, as text and as a Mermaid chart; asks no broker.',
  config: topologyConfig,

  async run({ prefix, ...config }, { out, json }) {
    const plans = legsOf(config);
    out.write(json ? `${JSON.stringify(plans)}\n` : `${asText(plans, prefix)}\n${asMermaid(plans, prefix)}`);
  },
});
