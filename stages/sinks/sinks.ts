/** The sinks there are, and those of third parties. */
import { parse } from 'node:path';
import { z } from 'zod';
import type { AlertSink, SinkPlugin, SinkTools } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import { isModule, pluginIn } from '../plugin-module.ts';
import { alertmanager } from './alertmanager.ts';
import { file } from './file.ts';
import { kafka } from './kafka.ts';
import { slack } from './slack.ts';
import { stdout } from './stdout.ts';
import { webhook } from './webhook.ts';

export type AnySinkPlugin = SinkPlugin<unknown>;

export const sinks: readonly AnySinkPlugin[] = [webhook, slack, alertmanager, kafka, file, stdout] as AnySinkPlugin[];

/**
 * `kind` names a plug-in, or is the path of a module; `name`, by default the kind or the module's name, is what rules and counters call it. In short
 * `kind:rest`.
 */
export type SinkSpec =
  | string
  | (Readonly<Record<string, unknown>> & { readonly kind: string; readonly name?: string | undefined });

export interface NamedSink {
  readonly name: string;
  readonly sink: AlertSink;
}

/**
 * The sinks of a config. A kind that is a path (./pager.ts) is a module whose default export is a plug-in.
 *
 * @throws ConfigError where there is no such plug-in, it refuses its settings, or two have one name
 */
export async function sinksOf(specs: readonly SinkSpec[], tools: SinkTools): Promise<readonly NamedSink[]> {
  const opened: NamedSink[] = [];
  for (const spec of specs) {
    const name = sinkName(spec);
    const { kind, name: _, rest, ...settings } = typeof spec === 'string' ? splitShort(spec) : spec;
    if (!/^[\w.-]{1,60}$/.test(name)) {
      throw new ConfigError(`sink ${kind}: name: expected up to 60 letters, digits, ".", "_" and "-", got ${name}`);
    }
    if (opened.some((one) => one.name === name)) {
      throw new ConfigError(`two sinks are called ${name}: give each a name of its own`);
    }
    const plugin = isModule(kind)
      ? ((await pluginIn(kind, tools.folder, 'sink')) as AnySinkPlugin)
      : sinks.find((one) => one.name === kind);
    if (plugin === undefined) throw unknown(kind);
    const parsed = plugin.config.safeParse(typeof rest === 'string' ? plugin.short(rest) : settings);
    if (!parsed.success) throw new ConfigError(`sink ${name}: ${z.prettifyError(parsed.error)}`);
    opened.push({ name, sink: plugin.create(parsed.data, tools) });
  }
  return opened;
}

/** What rules, counters and legs call it. */
export function sinkName(spec: SinkSpec): string {
  const { kind, name = nameOf(kind) } = typeof spec === 'string' ? splitShort(spec) : spec;
  return name;
}

/** Of a module, that of its file. */
function nameOf(kind: string): string {
  return isModule(kind) ? parse(kind).name : kind;
}

function splitShort(spec: string): { readonly kind: string; readonly name?: string; readonly rest?: string } {
  const colon = spec.indexOf(':');
  return colon === -1 ? { kind: spec } : { kind: spec.slice(0, colon), rest: spec.slice(colon + 1) };
}

function unknown(kind: string): ConfigError {
  const known = sinks.map(({ name }) => name).join(', ');
  return new ConfigError(
    `no sink is called ${kind}: there are ${known}, and the modules of others, {kind: ./pager.ts, ...}`,
  );
}
