/** The rules, whether they are armed, and what they found. */
import { useGet } from './use-get.ts';

export interface RuleLine {
  readonly rule: string;
  readonly delta: string;
  readonly armed: boolean;
  readonly seen: number;
  readonly needed: number | null;
  readonly threshold: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly extrapolated: boolean;
}
interface AlertItem {
  readonly number: number;
  readonly kind: string;
  readonly rule: string;
  readonly document: string;
  readonly key: string;
  readonly value: number;
  readonly threshold: number;
  readonly at: string;
  readonly held: string;
  readonly count: number;
  readonly text: string;
}

export function Alerts({
  delta,
  rules,
  again,
  open,
}: {
  delta: string;
  rules: readonly RuleLine[];
  again: unknown;
  open: (key: string) => void;
}) {
  const { value, error } = useGet<{ readonly items: readonly AlertItem[] }>(
    `/api/alerts?limit=100&delta=${delta}`,
    again,
  );
  return (
    <section aria-label="Alerts">
      <h2>Rules</h2>
      <ul>
        {rules.map((rule) => (
          <li key={rule.rule}>
            <strong>{rule.rule}</strong>{' '}
            {rule.armed ? armedWords(rule) : `arms after ${rule.needed} documents; ${rule.seen} seen`}
          </li>
        ))}
      </ul>
      {rules.length === 0 && <p class="faint">There are none: they stand in the config, under `alerts`.</p>}
      <h2>Alerts</h2>
      {value === undefined ? (
        <p class="faint">{error ?? 'reading ...'}</p>
      ) : (
        <div class="wide">
          <table>
            <tbody>
              {value.items.map((alert) => (
                <tr key={alert.number}>
                  <td class="spare">{alert.at.replace('T', ' ').slice(0, 19)}</td>
                  <td>{alert.rule}</td>
                  <td class="number">{alert.value.toPrecision(4)}</td>
                  <td>
                    {alert.held === '' ? (alert.kind === 'digest' ? `digest of ${alert.count}` : 'sent') : alert.held}
                  </td>
                  <td>
                    <button type="button" class="open" onClick={() => open(alert.key)}>
                      {alert.document}
                    </button>{' '}
                    <span class="faint spare">{alert.text.slice(0, 120)}</span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function armedWords({ threshold, low, high, extrapolated, seen }: RuleLine): string {
  const interval = low === high ? '' : ` (${low?.toPrecision(3)} to ${high?.toPrecision(3)})`;
  return `above ${threshold?.toPrecision(4)}${interval}${extrapolated ? ', extrapolated' : ''}; ${seen} documents seen`;
}
