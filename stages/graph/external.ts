/** External data of an ONNX model that a user hands in: files beside the model, and nothing outside its folder. */
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, sep, win32 } from 'node:path';
import { CheckpointError } from '../checkpoint/error.ts';
import type { TensorProto } from './proto.ts';

/**
 * Where each location named by `tensors` lies on disk, links followed.
 * @param folder that of the model
 * @throws CheckpointError for a location outside the folder, a file that is missing, or a range that it does not hold
 */
export async function locateExternal(
  tensors: readonly TensorProto[],
  folder: string,
): Promise<ReadonlyMap<string, string>> {
  const root = await realpath(folder);
  const files = new Map<string, { readonly path: string; readonly size: number }>();
  for (const tensor of tensors) {
    const { location, offset, length } = externalRange(tensor);
    const file = files.get(location) ?? (await locate(location, root));
    files.set(location, file);
    if (offset + length > file.size) {
      throw new CheckpointError(
        `tensor ${tensor.name} should lie at bytes ${offset} to ${offset + length} of ${location}, which has ${file.size}`,
      );
    }
  }
  return new Map([...files].map(([location, { path }]) => [location, path]));
}

/** `length` is 0 where none is given: the rest of the file. */
export function externalRange({ name, externalData = [] }: TensorProto) {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const bytes = (key: string): number => {
    const value = Number(entries.get(key) ?? 0);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new CheckpointError(`tensor ${name} has the ${key} ${entries.get(key)} in its external data; expected bytes`);
  };
  return { location: entries.get('location') ?? '', offset: bytes('offset'), length: bytes('length') };
}

async function locate(location: string, root: string): Promise<{ readonly path: string; readonly size: number }> {
  const steps = location.split(/[\\/]/);
  if (location === '' || isAbsolute(location) || win32.isAbsolute(location) || steps.includes('..')) {
    throw new CheckpointError(`external data at ${JSON.stringify(location)} is not within the model's own folder`);
  }
  const path = await realpath(join(root, ...steps)).catch(() => undefined);
  const found = path === undefined ? undefined : await stat(path);
  if (path === undefined || !found?.isFile()) {
    throw new CheckpointError(`external data should lie in a file ${location} beside the model, and there is none`);
  }
  if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new CheckpointError(`external data at ${location} is a link that leaves the model's own folder`);
  }
  return { path, size: found.size };
}
