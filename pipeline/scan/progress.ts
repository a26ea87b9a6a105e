/** How far a scan is, on one line that is redrawn on a terminal, else on a new line now and then. */
import type { SourceProgress } from '../contract.ts';
import { printable } from '../render/printable.ts';

export interface ScanProgress {
  /** Documents scored by this run, and tokens of them. */
  readonly documents: number;
  readonly tokens: number;
  /** Highest ranking of this run. */
  readonly best: { readonly ranking: number; readonly id: string } | undefined;
  /** How much of the source lies behind the documents scored. */
  readonly source: SourceProgress | undefined;
  /** Milliseconds to the next look for what is new; undefined while there is something to read. */
  readonly waits?: number | undefined;
}

export interface ProgressLine {
  update(progress: ScanProgress): void;
  /** Draws the last state and leaves the line. */
  end(): void;
}

export interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly columns: number;
  /** Milliseconds. */
  readonly now: () => number;
}

const REDRAW_MS = 100;
const LINE_MS = 5_000;
/** Rates are those of about the last so many milliseconds. */
const RATE_MS = 10_000;

interface Sample {
  readonly at: number;
  readonly progress: ScanProgress;
}

export function progressLine({ write, isTerminal, columns, now }: ProgressOptions): ProgressLine {
  const pause = isTerminal ? REDRAW_MS : LINE_MS;
  /** From the one that rates are counted from to the last one drawn. */
  const drawn: Sample[] = [];
  let latest: Sample | undefined;

  function draw(sample: Sample): void {
    drawn.push(sample);
    while (drawn.length > 2 && drawn[1]!.at <= sample.at - RATE_MS) drawn.shift();
    const line = words(drawn[0]!, sample);
    write(isTerminal ? `\r\u001b[2K${line.slice(0, columns - 1)}` : `${line}\n`);
  }

  return {
    update(progress) {
      const last = drawn.at(-1);
      if (!isTerminal && progress.waits !== undefined && progress.documents === last?.progress.documents) return; // for days, maybe
      latest = { at: now(), progress };
      if (last === undefined || latest.at - last.at >= pause) draw(latest);
    },

    end() {
      if (latest !== undefined && latest !== drawn.at(-1)) draw(latest);
      if (isTerminal && latest !== undefined) write('\n');
    },
  };
}

function words(from: Sample, to: Sample): string {
  const seconds = (to.at - from.at) / 1000;
  const rate = (count: (progress: ScanProgress) => number) => (count(to.progress) - count(from.progress)) / seconds;
  const parts = [`${integer(to.progress.documents)} documents`];
  if (seconds > 0 && to.progress.documents > from.progress.documents) {
    parts.push(
      `${integer(rate(({ documents }) => documents))} documents/s`,
      `${integer(rate(({ tokens }) => tokens))} tokens/s`,
    );
  }
  const { best, source, waits } = to.progress;
  if (waits !== undefined) parts.push(`looks again in ${Math.ceil(waits / 1000)} s`);
  if (source?.files !== undefined && source.files.total > 1) {
    parts.push(`${integer(source.files.done)} of ${integer(source.files.total)} files`);
  }
  if (waits === undefined && source !== undefined && source.totalBytes !== null && source.totalBytes > 0) {
    parts.push(`${Math.floor((100 * source.bytes) / source.totalBytes)} %`);
    const speed = rate((progress) => progress.source?.bytes ?? 0);
    if (speed > 0) parts.push(`ETA ${clock((source.totalBytes - source.bytes) / speed)}`);
  }
  if (best !== undefined) parts.push(`best ${best.ranking.toFixed(4)} ${printable(best.id)}`);
  return parts.join(' · ');
}

function integer(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Seconds as m:ss or h:mm:ss. */
function clock(seconds: number): string {
  const total = Math.ceil(seconds);
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
