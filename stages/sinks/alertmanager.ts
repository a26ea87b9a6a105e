/** `alertmanager`: an alert by version 2 of Alertmanager's API, which groups, silences and routes it. */
import { z } from 'zod';
import type { SinkPlugin } from '../../pipeline/contract.ts';
import { alertSummary } from '../alert/line.ts';
import { poster } from './http/post.ts';
import { httpSettings, httpUrl } from './http/settings.ts';

const config = z.strictObject({
  url: httpUrl.describe('address of the Alertmanager, without /api/v2'),
  firingSeconds: z.int().min(1).default(3600).describe('how long an alert fires: a document has no end of its own'),
  labels: z
    .record(z.string().regex(/^[a-zA-Z_]\w*$/), z.string())
    .default({})
    .describe('labels besides its own'),
  ...httpSettings,
});
type Config = z.infer<typeof config>;

export const alertmanager: SinkPlugin<Config> = {
  name: 'alertmanager',
  summary: "an alert of Prometheus' Alertmanager, with labels `alertname`, `delta`, `document` and `host`",
  config,
  short: (url) => ({ url }),
  create({ url, firingSeconds, labels, allowHosts, timeoutSeconds }, { clock }) {
    const target = `${url.replace(/\/+$/, '')}/api/v2/alerts`;
    const { post, close } = poster({ url: target, allowHosts, timeoutMs: 1000 * timeoutSeconds, clock });
    return {
      close,
      async send(alert, signal) {
        const { rule, delta, key, host, title, text, at, kind, traceparent } = alert;
        const firing = {
          labels: {
            ...labels,
            alertname: rule,
            delta,
            document: key,
            kind,
            ...(host === null ? {} : { host }),
          },
          annotations: {
            summary: alertSummary(alert),
            text,
            ...(title === null ? {} : { title }),
            ...(traceparent === undefined ? {} : { traceparent }),
          },
          startsAt: new Date(at * 1000).toISOString(),
          endsAt: new Date(clock() + firingSeconds * 1000).toISOString(),
          ...(alert.url === null ? {} : { generatorURL: alert.url }),
        };
        await post(JSON.stringify([firing]), {}, signal);
      },
    };
  },
};
