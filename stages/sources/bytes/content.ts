/** What an input holds, decompressed where its first bytes say that it is compressed. */
import { type Codec, codecOf } from './codec.ts';
import { Damage } from './damage.ts';
import type { Input } from './input.ts';
import { isMember, isPadding, memberChunks } from './member.ts';
import { chunkWindow, type Window } from './window.ts';

export interface Content {
  /** Whether the content from a byte on can be had without reading what is before it. */
  readonly seekable: boolean;
  /**
   * Chunks of the content from its byte `from` on. Of a pipe it can be called once.
   *
   * @throws Damage where the compressed bytes are damaged: what is before has been yielded
   */
  read(from: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

export async function openContent(input: Input, signal: AbortSignal): Promise<Content> {
  const window = windowOf(input, signal);
  const codec = codecOf(await window.view(0, 4));
  return {
    seekable: input.size !== null && codec === undefined,
    close: window.close,

    async *read(from) {
      if (codec === undefined && window.rewinds) return yield* plain(window, from);
      let passed = 0;
      for await (const chunk of codec === undefined ? plain(window, 0) : members(codec, window)) {
        passed += chunk.length;
        if (passed > from) yield chunk.subarray(Math.max(0, chunk.length - (passed - from)));
      }
    },
  };
}

export function windowOf(input: Input, signal: AbortSignal): Window {
  return chunkWindow((from) => input.read(from, signal), input.size !== null);
}

async function* plain(window: Window, from: number): AsyncGenerator<Buffer> {
  for (let at = from; ; ) {
    const chunk = await window.view(at, 1);
    if (chunk.length === 0) return;
    at += chunk.length;
    yield chunk;
  }
}

async function* members(codec: Codec, window: Window): AsyncGenerator<Buffer> {
  for (let at = 0; (await window.view(at, 1)).length > 0; ) {
    if (!(await isMember(codec, window, at))) {
      if (await isPadding(window, at)) return;
      throw new Damage('corrupt-member', `what follows byte ${at} is no ${codec.name} member`);
    }
    at = yield* memberChunks(codec, window, at);
  }
}
