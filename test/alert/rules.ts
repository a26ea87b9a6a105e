/** Rules for tests. */
import type { Rule } from '../../stages/alert/rule.ts';

export function ruleWith(rest: Partial<Rule>): Rule {
  return {
    name: 'rule',
    delta: '',
    measure: 'ranking',
    level: { kind: 'above', value: 0.5 },
    arm: undefined,
    hosts: undefined,
    exceptHosts: [],
    languages: undefined,
    minTokens: 0,
    maxTokens: 1e6,
    nearDuplicates: 'keep',
    hostSeconds: 0,
    hysteresis: undefined,
    limit: undefined,
    sinks: undefined,
    ...rest,
  };
}
