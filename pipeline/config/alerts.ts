/** Settings of alerts: the rules and sinks of the YAML file; settings.ts has them among all others. */
import { z } from 'zod';
import { type Level, RULE_MEASURES, type Rule } from '../../stages/alert/rule.ts';
import type { SinkSpec } from '../../stages/sinks/sinks.ts';

declare module 'zod' {
  interface GlobalMeta {
    /** It stands in the file alone: no flag is made of it. */
    fileOnly?: boolean;
  }
}

const NAME = /^[\w-]{1,60}$/;
const rate = z.union([z.number().gt(0).lt(1), z.string().regex(/^1 in [\d,_]+$/, 'a share, or 1 in 100,000')]);

const level = {
  above: z.number().optional().describe('a value of the measure'),
  rate: rate.optional().describe('share of all documents that pass: 0.001, or 1 in 1,000'),
  perDay: z.number().positive().optional().describe('documents a day that pass, at the speed of the last hour'),
} as const;

type Given = z.infer<z.ZodObject<typeof level>>;
const isOneLevel = ({ above, rate: share, perDay }: Given) =>
  [above, share, perDay].filter((given) => given !== undefined).length === 1;
const ONE_LEVEL = { error: 'expected one of above, rate and perDay' } as const;

const rule = z
  .strictObject({
    name: z.string().regex(NAME, 'letters, digits, "_" and "-"').describe('what it is called'),
    delta: z.string().default('').describe('delta id or its beginning; every delta where left out'),
    measure: z.enum(RULE_MEASURES).default('ranking').describe('what it looks at: the higher, the more it is a match'),
    ...level,
    arm: z.int().min(0).optional().describe('documents before it arms'),
    hosts: z.array(z.string().min(1)).optional().describe('only these hosts and those below them'),
    exceptHosts: z.array(z.string().min(1)).default([]).describe('none of these'),
    languages: z.array(z.string().min(2)).optional().describe('only documents that say they are in one of these'),
    minTokens: z.int().min(0).default(0).describe('scored tokens, at least'),
    maxTokens: z.int().min(1).default(Number.MAX_SAFE_INTEGER).describe('scored tokens, at most'),
    nearDuplicates: z.enum(['drop', 'keep']).default('drop').describe('of what was told of before'),
    hostSeconds: z.number().min(0).default(0).describe('seconds in which a host is told of once'),
    hysteresis: z
      .strictObject({ ...level, quiet: z.int().min(1).default(100).describe('documents in a row') })
      .refine(isOneLevel, ONE_LEVEL)
      .optional()
      .describe('after an alert it rests until `quiet` documents in a row were below this level'),
    limit: z
      .strictObject({ alerts: z.int().min(1), seconds: z.number().positive() })
      .optional()
      .describe('more alerts than so many within so many seconds go into the digest'),
    sinks: z.array(z.string().min(1)).optional().describe('names of the sinks that are told; all where left out'),
  })
  .refine(isOneLevel, ONE_LEVEL);
export type RuleConfig = z.infer<typeof rule>;

export const alertSettings = {
  alerts: z
    .array(rule)
    .default([])
    .refine((rules) => new Set(rules.map(({ name }) => name)).size === rules.length, {
      error: 'each rule has a name of its own',
    })
    .meta({ description: 'rules: of which documents to tell whom', fileOnly: true }),
  sinks: z
    .array(
      z.union([
        z.string().min(1),
        z.looseObject({ kind: z.string().min(1), name: z.string().min(1).optional() }),
      ]) as z.ZodType<SinkSpec>,
    )
    .default([])
    .meta({ description: 'who is told of alerts, as kind:rest or {kind, name, its settings}', fileOnly: true }),
  digestSeconds: z
    .number()
    .min(1)
    .default(3600)
    .meta({ description: 'how long what a limit holds is gathered into a digest', fileOnly: true }),
} as const;

export function ruleOf({ above, rate: share, perDay, hysteresis, ...rest }: RuleConfig): Rule {
  return {
    ...rest,
    arm: rest.arm,
    hosts: rest.hosts,
    languages: rest.languages,
    limit: rest.limit,
    sinks: rest.sinks,
    level: levelOf({ above, rate: share, perDay }),
    hysteresis: hysteresis === undefined ? undefined : { release: levelOf(hysteresis), quiet: hysteresis.quiet },
  };
}

function levelOf({ above, rate: share, perDay }: Given): Level {
  if (above !== undefined) return { kind: 'above', value: above };
  if (share !== undefined) return { kind: 'rate', rate: typeof share === 'number' ? share : 1 / digits(share) };
  return { kind: 'perDay', perDay: perDay! };
}

/** Of `1 in 100,000`. */
function digits(text: string): number {
  return Math.max(2, Number(text.replace('1 in ', '').replaceAll(/\D/g, '')));
}
