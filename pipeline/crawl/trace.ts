/** A document of a store, found again in the crawl that it came from. */
import type { Provenance } from '../../schemas/provenance.ts';
import { type SourceSpec, sourceOf } from '../../stages/sources/sources.ts';
import type { Origin, Source } from '../contract.ts';
import { ConfigError } from '../error.ts';

export interface TraceOptions {
  /** The crawl, where its name alone does not say what it is; by default what its name says. */
  readonly source?: SourceSpec | undefined;
  /** Folder that module paths start from. */
  readonly folder: string;
}

/** @throws ConfigError where the crawl is not there any more, or cannot be asked; it says what to do */
export async function trace(
  { source: name, origin }: Pick<Provenance, 'source' | 'origin'>,
  { source: spec, folder }: TraceOptions,
  signal: AbortSignal,
): Promise<Origin> {
  if (origin === '') throw new ConfigError('the store was made by a version that kept no origins: scan again');
  const source = await open(name, spec, folder);
  if (source.name !== name) {
    throw new ConfigError(`the document came from ${name}, but --source is ${source.name}: give the one it came from`);
  }
  if (source.locate === undefined) {
    throw new ConfigError(`${name} cannot find a record again; the cursor that resumes after this one is ${origin}`);
  }
  return await source.locate(origin, signal);
}

async function open(name: string, spec: SourceSpec | undefined, folder: string): Promise<Source> {
  if (spec !== undefined) return await sourceOf(spec, folder);
  try {
    return await sourceOf(name, folder);
  } catch (cause) {
    throw new ConfigError(
      `the document came from ${name}, which does not say how to open it: give --source as the scan had it ` +
        `(${(cause as Error).message})`,
      { cause },
    );
  }
}
