/** Writes docs/cli.md from the commands and their configs: `node pipeline/commands/reference.ts`. */
import { writeFileSync } from 'node:fs';
import { VARIABLES } from '../environment.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { markdownTable } from '../render/markdown.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { flagsOf } from './flags.ts';
import { COMMON_FLAGS } from './program.ts';

export function reference(): string {
  return [
    '# Command line',
    '',
    'Written by pipeline/commands/reference.ts from the commands themselves.',
    '',
    'Every setting is a flag, or a key of one YAML file given as `--config FILE.yaml`; flags win over the file, the file over the',
    'defaults. The file may hold settings of several commands: each takes its own. Paths in it',
    'start from the working directory. `deltasift validate` checks one.',
    '',
    'Results go to standard output, progress and notes to standard error. `--json` prints one JSON value instead of text, errors',
    'included (`{"error": {"code", "name", "message"}}`); `--quiet` leaves out progress and notes.',
    '',
    'Every command takes',
    '',
    ...markdownTable(
      ['flag', 'what it does'],
      COMMON_FLAGS.map(([syntax, what]) => [`\`${syntax}\``, what]),
    ),
    '',
    ...commands.flatMap(section),
    '## Environment',
    '',
    ...markdownTable(
      ['variable', 'what it does'],
      Object.entries(VARIABLES).map(([name, what]) => [`\`${name}\``, what]),
    ),
    '',
    '## Exit codes',
    '',
    ...markdownTable(['code', 'when'], Object.entries(EXIT_CODES)),
    '',
  ].join('\n');
}

function section(command: Command, place: number): readonly string[] {
  const same = commands.slice(0, place).find(({ config }) => config === command.config);
  const flags = flagsOf(command).map(({ syntax, standard, description, required }) => [
    `\`${syntax}\``,
    required ? 'required' : (standard ?? ''),
    description,
  ]);
  const table = flags.length === 0 ? [] : [...markdownTable(['flag', 'default', 'what it is'], flags), ''];
  const body = same === undefined ? table : [`It takes the flags of \`deltasift ${same.name}\`.`, ''];
  return [`## deltasift ${command.name}`, '', command.summary, '', ...body];
}

if (import.meta.main) writeFileSync(new URL('../../docs/cli.md', import.meta.url), reference());
