/** What a path gives, asked again whenever it or `again` changes; the last answer stays until the next one comes. */
import { useEffect, useState } from 'preact/hooks';
import { get } from './api.ts';

export function useGet<T>(
  path: string,
  again: unknown,
): { readonly value: T | undefined; readonly error: string | undefined } {
  const [answer, setAnswer] = useState<{ path: string; value: T }>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    const stop = new AbortController();
    get<T>(path, stop.signal).then(
      (value) => {
        setAnswer({ path, value });
        setError(undefined);
      },
      (cause: Error) => {
        if (!stop.signal.aborted) setError(cause.message);
      },
    );
    return () => stop.abort();
  }, [path, again]);
  return { value: answer?.path === path ? answer.value : undefined, error };
}
