/** What workers say of the deltas they score, as the topic has it. */
import { type ClusterView, readAll } from './read-all.ts';

export const WORKERS = 'workers';

export interface WorkerReport {
  readonly worker: string;
  readonly legs: readonly string[];
  /** When it was said, in seconds since 1970. */
  readonly at: number;
  /** By delta id: why it is not scored; empty where it is. */
  readonly deltas: Readonly<Record<string, string>>;
}

/** Three times what passes between two reports. */
export const SILENT_SECONDS = 180;

/** The newest of each worker that has not said that it ends, by name. */
export async function readReports(cluster: ClusterView, signal: AbortSignal): Promise<readonly WorkerReport[]> {
  const reports = new Map<string, WorkerReport>();
  await readAll(
    cluster,
    {
      topic: WORKERS,
      each({ key, value }) {
        const report = value === null ? undefined : parsed(value);
        if (report === undefined) reports.delete(key);
        else reports.set(key, report);
      },
    },
    signal,
  );
  return [...reports.values()].sort((a, b) => (a.worker < b.worker ? -1 : 1));
}

/** Undefined where it is nothing of ours. */
function parsed(value: Buffer): WorkerReport | undefined {
  try {
    const report = JSON.parse(value.toString()) as Partial<WorkerReport> | null;
    const { worker, legs, at, deltas } = report ?? {};
    const whole = typeof worker === 'string' && Array.isArray(legs) && typeof at === 'number';
    if (!whole || typeof deltas !== 'object' || deltas === null) return undefined;
    return { worker, legs: legs.map(String), at, deltas };
  } catch {
    return undefined;
  }
}
