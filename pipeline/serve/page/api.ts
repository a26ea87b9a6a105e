/** What the server says. The token stays in this tab. */
import type { Sample } from '../sample.ts';

const KEY = 'deltasift-token';

export class Refused extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** The one behind `#token=`, which leaves the address bar, or that of before. */
export function token(): string {
  const given = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (given !== undefined) {
    setToken(decodeURIComponent(given));
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(KEY) ?? '';
}

export function setToken(value: string): void {
  sessionStorage.setItem(KEY, value);
}

async function ask(path: string, signal: AbortSignal, init: RequestInit = {}): Promise<Response> {
  const { headers, ...rest } = init;
  const response = await fetch(path, { ...rest, headers: { ...headers, authorization: `Bearer ${token()}` }, signal });
  if (response.ok) return response;
  const { detail } = (await response.json().catch(() => ({ detail: response.statusText }))) as { detail: string };
  throw new Refused(response.status, detail);
}

/** @throws Refused where the server gives nothing, TypeError where it does not answer */
export async function get<T>(path: string, signal: AbortSignal): Promise<T> {
  return (await (await ask(path, signal)).json()) as T;
}

/** @throws Refused where the server does not do it, TypeError where it does not answer */
export async function send(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<void> {
  const { signal } = new AbortController();
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  await ask(path, signal, { method, ...(body === undefined ? {} : json) });
}

const AGAIN_MS = 1000;

/** Samples as they come, until `signal` aborts; where the stream ends it is opened again. */
export async function samples(
  tell: (sample: Sample) => void,
  state: (error: Error | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const response = await ask('/api/events', signal);
      state(undefined);
      let text = '';
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        text += part.value;
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (data !== undefined) tell(JSON.parse(data) as Sample);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      state(error as Error);
      if (error instanceof Refused && error.status === 401) return;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

export interface Delta {
  readonly id: string;
  readonly base: string;
  readonly tuned: string;
  readonly paused: boolean;
  readonly scan: string;
  readonly documents: number;
  readonly estimated: number;
}
export interface DeltaList {
  readonly items: readonly Delta[];
  /** What a checkpoint has to lie under to be added. */
  readonly roots: readonly string[];
}
export interface Line {
  readonly rank: number;
  readonly key: string;
  readonly id: string;
  readonly url: string | null;
  readonly host: string | null;
  readonly ranking: number;
  readonly score: number;
  readonly standardError: number | null;
  readonly share: number | null;
  readonly tokens: number;
  readonly snippet: string;
}
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** What ranks, with its standard error where it is an estimate. */
export function rankingText({ ranking, standardError }: Pick<Line, 'ranking' | 'standardError'>): string {
  return standardError === null ? ranking.toFixed(5) : `${ranking.toFixed(5)} ± ${standardError.toFixed(5)}`;
}

/** A share as per cent; nothing where there is none. */
export function percent(share: number | null): string {
  return share === null ? '' : `${(100 * share).toFixed(3)} %`;
}
