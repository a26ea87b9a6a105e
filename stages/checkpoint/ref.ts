/** What a user may call a checkpoint. */
import type { CheckpointOptions } from './checkpoint.ts';
import { type Folder, localFolder } from './folder.ts';

/** @throws ConfigError where `ref` is none of the forms, or names nothing */
export async function folderOf(ref: string, _options: CheckpointOptions, _signal: AbortSignal): Promise<Folder> {
  return await localFolder(ref);
}
