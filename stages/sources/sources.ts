/** The crawls there are, and those of third parties. */
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import type { Source, SourcePlugin, SourceTools } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import { isModule, pluginIn } from '../plugin-module.ts';
import { commonCrawl } from './common-crawl.ts';
import { feed } from './feed.ts';
import { hfDataset } from './hf-dataset.ts';
import { httpPush } from './http-push.ts';
import { jsonl } from './jsonl.ts';
import { kafka } from './kafka.ts';
import { parquet } from './parquet.ts';
import { sitemap } from './sitemap.ts';
import { text } from './text.ts';
import { warc } from './warc.ts';
import { wayback } from './wayback.ts';
import { wet } from './wet.ts';

export type AnySourcePlugin = SourcePlugin<unknown>;

export const sources: readonly AnySourcePlugin[] = [
  commonCrawl,
  feed,
  hfDataset,
  httpPush,
  jsonl,
  kafka,
  parquet,
  sitemap,
  text,
  warc,
  wayback,
  wet,
] as AnySourcePlugin[];

/** `kind:rest`; or the plug-in's name or module as `kind` beside its settings, also as YAML in braces. */
export type SourceSpec = string | Readonly<Record<string, unknown>>;

/**
 * The source that a spec names. A kind that is a path (./crawl.ts, /opt/crawl.js, file:///opt/crawl.js, or ./crawl, the folder
 * of a package) is a module whose default export is a plug-in; relative ones are found from `base`.
 *
 * @throws ConfigError where there is no such plug-in or it refuses its settings
 */
export async function sourceOf(spec: SourceSpec, base: string, tools: SourceTools = bare(base)): Promise<Source> {
  const { kind, rest, settings } = typeof spec === 'string' ? splitText(spec) : splitObject(spec);
  const plugin = isModule(kind)
    ? ((await pluginIn(kind, base, 'source')) as AnySourcePlugin)
    : sources.find(({ name }) => name === kind);
  if (plugin === undefined) throw unknown(kind);

  const short = shortOf(plugin);
  if (
    short !== undefined &&
    typeof spec === 'string' &&
    (rest ?? '') === '' &&
    Object.keys(settings ?? {}).length === 0
  ) {
    throw new ConfigError(`source ${kind}: expected ${kind}:${short}, got ${spec}`);
  }
  const parsed = plugin.config.safeParse(rest === undefined ? settings : plugin.short(rest));
  if (!parsed.success) throw new ConfigError(`source ${kind}: ${parsed.error.issues.map(faultOf).join('; ')}`);
  return plugin.create(parsed.data, tools);
}

/** Without secrets. */
function bare(folder: string): SourceTools {
  const elsewhere = (): never => {
    throw new ConfigError('no cluster is read here');
  };
  return {
    folder,
    now: Date.now,
    secret: () => undefined,
    note: () => undefined,
    openTopic: () => ({ bounds: elsewhere, since: elsewhere, read: elsewhere, close: async () => undefined }),
    openRegistry: () => ({ schema: elsewhere }),
  };
}

/** What stands behind the colon, in capitals; undefined where nothing has to. */
function shortOf({ short, config }: AnySourcePlugin): string | undefined {
  if (config.safeParse(short('')).success) return undefined;
  const [name] = Object.entries(short('?') as object).find(([, value]) => value === '?') ?? ['rest'];
  return name.toUpperCase();
}

function faultOf({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}

interface Split {
  readonly kind: string;
  /** What stands behind the colon of a short form. */
  readonly rest?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** A file, up to its extension; else a folder, up to the first colon. */
const MODULES_AND_REST = [
  /^((?:\.{0,2}\/|file:|[A-Za-z]:\\).*?\.[cm]?[jt]s)(?::(.*))?$/s,
  /^((?:\.{0,2}\/|file:\/\/|[A-Za-z]:\\)[^:]*)(?::(.*))?$/s,
];

function splitText(spec: string): Split {
  if (!spec.startsWith('{')) return splitShort(spec);
  try {
    return splitObject(parseYaml(spec) as Readonly<Record<string, unknown>>);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`source ${spec}: what stands in braces is read as YAML: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function splitShort(spec: string): Split {
  for (const pattern of MODULES_AND_REST) {
    const [, module, rest] = pattern.exec(spec) ?? [];
    if (module !== undefined) return rest === undefined ? { kind: module, settings: {} } : { kind: module, rest };
  }
  const colon = spec.indexOf(':');
  return colon === -1 ? { kind: spec, settings: {} } : { kind: spec.slice(0, colon), rest: spec.slice(colon + 1) };
}

function splitObject({ kind, ...settings }: Readonly<Record<string, unknown>>): Split {
  if (typeof kind !== 'string') throw unknown(`${kind}`);
  return { kind, settings };
}

function unknown(kind: string): ConfigError {
  const known = sources.map(({ name }) => name).join(', ');
  return new ConfigError(
    `no source is called ${kind}: there are ${known}, written jsonl:PATH or {kind: jsonl, path: PATH}, ` +
      'and the modules of others, written ./crawl.ts:REST or {kind: ./crawl.ts, ...}',
  );
}
