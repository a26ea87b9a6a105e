/** The filters there are. */
import { z } from 'zod';
import { c4 } from './c4.ts';
import type { Filter, FilterPlugin } from './filter.ts';
import { gopherQuality } from './gopher-quality.ts';
import { gopherRepetition } from './gopher-repetition.ts';
import { language } from './language.ts';

export const filters: readonly FilterPlugin<unknown>[] = [c4, gopherQuality, gopherRepetition, language];

export interface NamedFilter {
  readonly name: string;
  readonly judge: Filter;
}

const names = filters.map(({ name }) => name);

/** `name`, `name:rest`, or `{name, ...its settings}`; its output is one filter's name and checked settings. */
export const filterSpec = z.union([z.string(), z.looseObject({ name: z.string() })]).transform((spec, context) => {
  const { name, rest, ...settings } = typeof spec === 'string' ? splitShort(spec) : { ...spec, rest: undefined };
  const plugin = filters.find((one) => one.name === name);
  if (plugin === undefined) {
    context.addIssue(`one of the filters ${names.join(', ')}`);
    return z.NEVER;
  }
  const parsed = plugin.config.safeParse(rest === undefined ? settings : plugin.short(rest));
  if (!parsed.success) {
    context.addIssue(`settings of ${name} (${z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, ' ')})`);
    return z.NEVER;
  }
  return { name, settings: parsed.data };
});
export type FilterSpec = z.output<typeof filterSpec>;

function splitShort(spec: string): { readonly name: string; readonly rest: string | undefined } {
  const colon = spec.indexOf(':');
  return colon === -1 ? { name: spec, rest: undefined } : { name: spec.slice(0, colon), rest: spec.slice(colon + 1) };
}

/** In the order given. */
export async function filtersOf(specs: readonly FilterSpec[]): Promise<readonly NamedFilter[]> {
  return await Promise.all(
    specs.map(async ({ name, settings }) => {
      const plugin = filters.find((one) => one.name === name)!;
      return { name, judge: await plugin.create(settings) };
    }),
  );
}
