/** Of the documents that passed a rule's threshold, which are told of, and why not the others. */
import type { Stage } from '../pipeline/contract.ts';
import type { Alert } from '../schemas/types.ts';
import type { Rule } from './alert/rule.ts';
import { SIGNATURE } from './alert/signature.ts';
import type { RuleState } from './match.ts';
import { resemblance } from './math/minhash.ts';

/** Why an alert is not sent on its own. */
export type Held = 'near-duplicate' | 'host' | 'episode' | 'limit';

export interface AlertOptions {
  readonly rules: readonly Rule[];
  /** What an earlier run left under a name. */
  readonly saved: (name: string) => Uint8Array | undefined;
}

/** Jaccard index of the shingles from which on two documents are one. */
const NEAR = 0.7;
/** Documents told of that later ones are compared with. */
const REMEMBERED = 256;
const MOST_HOSTS = 1000;

/** What a rule remembers of what it told. */
interface Memory {
  /** Base64 of the signatures of the documents told of, oldest first. */
  readonly signatures: readonly string[];
  /** When each host was last told of, seconds since 1970, oldest first. */
  readonly hosts: readonly (readonly [host: string, at: number])[];
  /** Whether anything was told since the last quiet stretch. */
  readonly inEpisode: boolean;
  /** When the limit's stretch of time began, and alerts told in it. */
  readonly from: number;
  readonly told: number;
}

const NOTHING: Memory = { signatures: [], hosts: [], inEpisode: false, from: Number.NEGATIVE_INFINITY, told: 0 };

export function ruleName(rule: string, delta: string): string {
  return `rule/${rule}/${delta}`;
}

/**
 * Alerts are taken in the order given, each rule and delta by itself. What is held says why; what the limit holds goes into the
 * digest.
 */
export function alert<In extends { readonly alerts: readonly Alert[]; readonly states: readonly RuleState[] }>({
  rules,
  saved,
}: AlertOptions): Stage<In, In> {
  const memories = new Map<string, Memory>();

  function memoryOf(name: string): Memory {
    const known = memories.get(name);
    if (known !== undefined) return known;
    const bytes = saved(name);
    const memory = bytes === undefined ? NOTHING : (JSON.parse(Buffer.from(bytes).toString()) as Memory);
    memories.set(name, memory);
    return memory;
  }

  /** A rule that is not there any more tells nobody. */
  function settle(one: Alert): { readonly alert: Alert; readonly state?: RuleState } | undefined {
    const rule = rules.find(({ name }) => name === one.rule);
    if (rule === undefined) return undefined;
    const name = ruleName(one.rule, one.delta);
    const { held, memory } = judged(rule, one, memoryOf(name));
    memories.set(name, memory);
    return { alert: { ...one, held }, state: { name, value: Buffer.from(JSON.stringify(memory)) } };
  }

  return {
    name: 'alert',
    process: (batch) =>
      batch.map((one) => {
        const settled = one.alerts.flatMap((each) => settle(each) ?? []);
        const states = settled.flatMap(({ state }) => state ?? []);
        return [{ ...one, alerts: settled.map((each) => each.alert), states: [...one.states, ...states] }];
      }),
  };
}

function judged(rule: Rule, one: Alert, before: Memory): { readonly held: Held | ''; readonly memory: Memory } {
  const { hysteresis, limit, hostSeconds } = rule;
  const inEpisode = hysteresis !== undefined && before.inEpisode && one.quiet < hysteresis.quiet;
  if (inEpisode) return { held: 'episode', memory: before };
  const memory = { ...before, inEpisode: false };
  if (rule.nearDuplicates === 'drop' && isNear(one, memory.signatures)) return { held: 'near-duplicate', memory };
  const hosts = memory.hosts.filter(([, at]) => one.at - at < hostSeconds);
  if (hostSeconds > 0 && hosts.some(([host]) => host === one.host))
    return { held: 'host', memory: { ...memory, hosts } };

  const fresh = limit === undefined || one.at - memory.from >= limit.seconds;
  const told = fresh ? 0 : memory.told;
  const isOver = limit !== undefined && told >= limit.alerts;
  return {
    held: isOver ? 'limit' : '',
    memory: {
      signatures:
        rule.nearDuplicates === 'keep' ? [] : [...memory.signatures, encoded(one.signature)].slice(-REMEMBERED),
      hosts:
        hostSeconds === 0 || one.host === null ? hosts : [...hosts, [one.host, one.at] as const].slice(-MOST_HOSTS),
      inEpisode: hysteresis !== undefined,
      from: fresh ? one.at : memory.from,
      told: told + (isOver ? 0 : 1),
    },
  };
}

function isNear({ signature }: Alert, told: readonly string[]): boolean {
  return signature.length === SIGNATURE && told.some((one) => resemblance(signature, decoded(one)) >= NEAR);
}

function encoded({ buffer, byteOffset, byteLength }: Int32Array): string {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64');
}

function decoded(text: string): Int32Array {
  return new Int32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer);
}
