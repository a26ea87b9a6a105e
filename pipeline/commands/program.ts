/** The commands as a command line, parsed by commander. */
import { Command as Commander } from 'commander';
import { type Given, readConfigFile } from '../config/resolve.ts';
import type { Command, Context } from './command.ts';
import { commands, GROUPS } from './commands.ts';
import { type Flag, flagsOf } from './flags.ts';

/** The part of the context that flags decide. */
type Ask = Pick<Context, 'json' | 'quiet'>;

/** Flags of every command. */
export const COMMON_FLAGS = [
  ['--config <FILE.yaml>', 'settings of this and other commands; flags win'],
  ['--json', 'print one JSON value'],
  ['--quiet', 'print no progress and no notes'],
] as const;

/**
 * Throws commander's own error for help, version and mistakes once it has written what there is to say.
 *
 * @param run called with the command that was asked for, what its config is to be and what `--json` and `--quiet` said
 */
export function program(
  version: string,
  { out, err }: Pick<Context, 'out' | 'err'>,
  run: (command: Command, given: Given, ask: Ask) => Promise<void>,
): Commander {
  const root = new Commander('deltasift')
    .description('Finds the documents of a crawl that a model was tuned on, from the difference of two checkpoints.')
    .version(version)
    .helpCommand(false)
    .exitOverride()
    .enablePositionalOptions() // flags belong to the command they stand behind: `delta` has some, and commands below it
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'deltasift: ')),
      getOutHelpWidth: () => out.columns,
      getErrHelpWidth: () => err.columns,
    });

  for (const command of commands) {
    const [first, second] = command.name.split(' ');
    const parent = second === undefined ? root : groupOf(root, first!);
    const flags = flagsOf(command);
    const made = parent
      .command(second ?? first!)
      .description(command.summary)
      .enablePositionalOptions();
    for (const flag of flags) {
      if (flag.setting === command.argument) made.argument(flag.syntax, flag.description);
      else made.option(flag.syntax, noteOf(flag));
    }
    for (const [syntax, note] of COMMON_FLAGS) made.option(syntax, note);
    made.action(async () => {
      const { config: path, json = false, quiet = false, ...given } = made.opts();
      if (command.argument !== undefined) given[command.argument] = made.args[0];
      const file = path === undefined ? undefined : readConfigFile(path);
      await run(command, { flags: valuesOf(given, flags), file }, { json, quiet });
    });
  }
  return root;
}

function groupOf(root: Commander, name: string): Commander {
  const known = root.commands.find((group) => group.name() === name);
  return (
    known ??
    root
      .command(name)
      .description(GROUPS[name] ?? '')
      .helpCommand(false)
  );
}

function noteOf({ description, standard }: Flag): string {
  return standard === undefined ? description : `${description} (default: ${standard})`;
}

function valuesOf(given: Readonly<Record<string, unknown>>, flags: readonly Flag[]): Record<string, unknown> {
  return Object.fromEntries(
    flags
      .filter(({ setting }) => given[setting] !== undefined)
      .map(({ setting, read }) => {
        const value = given[setting];
        return [setting, typeof value === 'string' ? read(value) : value];
      }),
  );
}
