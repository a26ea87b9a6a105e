/** `deltasift init`: a plug-in to begin with. */
import { newSourceConfig } from '../config/config.ts';
import { newSource } from '../init/new-source.ts';
import { command } from './command.ts';

export const initSource = command({
  name: 'init source',
  summary: 'Writes a source of your own to begin with, which works, and its test, into a new folder of that name.',
  config: newSourceConfig,
  argument: 'name',

  async run({ name }, { folder, out, json }) {
    const { sources } = await import('../../stages/sources/sources.ts');
    const taken = sources.map((source) => source.name);
    const files = await newSource(folder, name, taken);
    out.write(
      json
        ? `${JSON.stringify({ folder: name, files })}\n`
        : [
            `${name}/ holds ${files.join(', ')}`,
            'try it:',
            `  npx deltasift sources check ./${name}`,
            `  cd ${name} && npm test`,
            '',
          ].join('\n'),
    );
  },
});
