/** `deltasift validate`: is this config good, and what does it come to? */
import { stringify } from 'yaml';
import { scanConfig } from '../config/config.ts';
import { command } from './command.ts';

export const validate = command({
  name: 'validate',
  summary: 'Checks the config of a scan and prints it with its defaults; reads no model and no crawl.',
  config: scanConfig,

  async run(config, { out, json, folder }) {
    const { sourceOf } = await import('../../stages/sources/sources.ts'); // loaded when asked for: other commands start sooner
    await sourceOf(config.source, folder); // its settings are its own to check
    out.write(json ? `${JSON.stringify(config)}\n` : stringify(config));
  },
});
