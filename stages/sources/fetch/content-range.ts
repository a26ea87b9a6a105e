export interface ContentRange {
  /** -1 where nothing is sent: an answer 416. */
  readonly from: number;
  /** Past the last byte. */
  readonly to: number;
  /** Size of the file. */
  readonly total: number;
}

/** What an answer 206 or 416 says that it sends (RFC 9110, 14.4); undefined where it says nothing that can be read. */
export function contentRange(value: string | undefined): ContentRange | undefined {
  const match = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15})$/.exec(value ?? '');
  if (match === null) return undefined;
  const total = Number(match[3]);
  if (match[1] === undefined) return { from: -1, to: -1, total };
  const [from, last] = [Number(match[1]), Number(match[2])];
  return from <= last && last < total ? { from, to: last + 1, total } : undefined;
}
