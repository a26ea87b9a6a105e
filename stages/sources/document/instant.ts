/** Above that many, a number counts milliseconds since 1970 rather than seconds. */
const SECONDS = 1e11;

/** A date and time of whatever notation, as ISO 8601 in UTC to the millisecond; null where it is none. One without a zone is in UTC. */
export function instantOf(value: unknown): string | null {
  const date = dateOf(typeof value === 'bigint' ? Number(value) : value);
  return date === undefined || Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function dateOf(value: unknown): Date | undefined {
  if (value instanceof Date) return value;
  if (typeof value === 'number') return new Date(Math.abs(value) < SECONDS ? value * 1000 : value);
  if (typeof value !== 'string') return undefined;
  const [, compact] = /^(\d{14})$/.exec(value.trim()) ?? []; // as CDX files have it: 20240131235959
  if (compact !== undefined) return new Date(compact.replace(/(....)(..)(..)(..)(..)(..)/, '$1-$2-$3T$4:$5:$6Z'));
  const [, day, time] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)$/.exec(value.trim()) ?? [];
  return new Date(day === undefined ? value : `${day}T${time}Z`);
}
