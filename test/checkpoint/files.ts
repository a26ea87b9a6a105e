/** Writes checkpoints, sound and broken, for the tests of this folder. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';

/** Removed after the tests of the file. */
export function scratchFolder(name: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `deltasift-${name}-`)));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes `files` by their paths below `folder`; objects become JSON. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array | object>>): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      content instanceof Uint8Array || typeof content === 'string' ? content : JSON.stringify(content),
    );
  }
  return folder;
}

export interface Written {
  readonly dtype?: string;
  readonly shape: readonly number[];
  /** Little-endian elements; float32 values where no dtype is given. */
  readonly data: Uint8Array | readonly number[];
}

/** A file with any header, and any data after it. */
export function rawSafetensors(
  header: string | object,
  data: Uint8Array = new Uint8Array(),
  length?: number,
): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(length ?? json.length));
  return Buffer.concat([prefix, json, data]);
}

export function safetensors(tensors: Readonly<Record<string, Written>>): Uint8Array {
  const header: Record<string, object> = { __metadata__: { format: 'pt' } };
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { dtype = 'F32', shape, data }] of Object.entries(tensors)) {
    const bytes = data instanceof Uint8Array ? data : new Uint8Array(Float32Array.from(data).buffer);
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
    parts.push(bytes);
  }
  return rawSafetensors(header, Buffer.concat(parts));
}

export const GPT2 = { architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', tie_word_embeddings: true };

export const TINY = new URL('../golden/tiny/', import.meta.url).pathname;
