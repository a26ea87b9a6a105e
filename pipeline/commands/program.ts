/** The commands as a command line: flags made from the config schemas, parsed by commander. */
import { Command as Commander, Option } from 'commander';
import { z } from 'zod';
import { flagOf, type Given, readConfigFile } from '../resolve-config.ts';
import type { Command, Context } from './command.ts';

/** What JSON Schema says of a setting. */
interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly items?: { readonly enum?: readonly string[] };
  readonly default?: unknown;
  readonly description: string;
  readonly placeholder?: string;
}

/** The part of the context that flags decide. */
type Ask = Pick<Context, 'json' | 'quiet'>;

/**
 * Throws commander's own error for help, version and mistakes once it has written what there is to say.
 * @param run called with the command that was asked for, what its config is to be and what `--json` and `--quiet` said
 */
export function program(
  version: string,
  commands: readonly Command[],
  { out, err }: Pick<Context, 'out' | 'err'>,
  run: (command: Command, given: Given, ask: Ask) => Promise<void>,
): Commander {
  const root = new Commander('deltasift')
    .description('Finds the documents of a crawl that a model was tuned on, from the difference of two checkpoints.')
    .version(version)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      getOutHelpWidth: () => out.columns,
      getErrHelpWidth: () => err.columns,
    });

  for (const command of commands) {
    const [first, second] = command.name.split(' ');
    const parent = second === undefined ? root : groupOf(root, first!);
    const properties = propertiesOf(command);
    const made = parent.command(second ?? first!).description(command.summary);
    for (const [setting, property] of Object.entries(properties)) {
      if (setting === command.argument) made.argument(`<${setting.toUpperCase()}>`, property.description);
      else made.addOption(optionOf(setting, property));
    }
    made
      .option('--config <FILE.yaml>', 'settings of this and other commands; flags win')
      .option('--json', 'print one JSON value')
      .option('--quiet', 'print no progress and no notes')
      .action(async () => {
        const { config: path, json = false, quiet = false, ...flags } = made.opts();
        if (command.argument !== undefined) flags[command.argument] = made.args[0];
        const given: Given = {
          flags: valuesOf(flags, properties),
          file: path === undefined ? undefined : readConfigFile(path),
        };
        await run(command, given, { json, quiet });
      });
  }
  return root;
}

function groupOf(root: Commander, name: string): Commander {
  return root.commands.find((group) => group.name() === name) ?? root.command(name).helpCommand(false);
}

function propertiesOf(command: Command): Readonly<Record<string, Property>> {
  return z.toJSONSchema(command.config, { io: 'input' }).properties as Record<string, Property>;
}

function optionOf(
  setting: string,
  { type, enum: choices, items, default: standard, description, placeholder }: Property,
): Option {
  const value = placeholder ?? choices?.join('|') ?? items?.enum?.join(',') ?? 'N';
  const note = standard === undefined ? description : `${description} (default: ${standard})`;
  return new Option(type === 'boolean' ? flagOf(setting) : `${flagOf(setting)} <${value}>`, note);
}

/** Flags are text; what the schema calls a number or a list becomes one. What does not look it stays text, for the schema to refuse. */
function valuesOf(
  flags: Readonly<Record<string, unknown>>,
  properties: Readonly<Record<string, Property>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(flags).map(([setting, value]) => {
      const type = properties[setting]?.type;
      if (typeof value !== 'string') return [setting, value];
      if (type === 'integer' && /^-?\d+$/.test(value)) return [setting, Number(value)];
      if (type === 'array') return [setting, value.split(',')];
      return [setting, value];
    }),
  );
}
