/** `webhook`: signed as Standard Webhooks has it (standardwebhooks.com), so that a receiver checks it with any library for that. */
import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import type { SinkPlugin } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import { alertLine } from '../alert/line.ts';
import { poster } from './http/post.ts';
import { httpSettings, httpUrl, secretIn } from './http/settings.ts';

const config = z.strictObject({
  url: httpUrl,
  secretFile: z.string().min(1).optional().describe('file with the secret, whsec_ and base64; unsigned without'),
  ...httpSettings,
});
type Config = z.infer<typeof config>;

export const webhook: SinkPlugin<Config> = {
  name: 'webhook',
  summary: 'a POST with a Standard Webhooks signature; `webhook-id` is the same however often an alert is sent',
  config,
  short: (url) => ({ url }),
  create({ url, secretFile, allowHosts, timeoutSeconds }, { clock, folder }) {
    const signer = secretFile === undefined ? undefined : signerOf(secretIn(secretFile, folder), secretFile);
    const { post, close } = poster({ url, allowHosts, timeoutMs: 1000 * timeoutSeconds, clock });
    return {
      close,
      async send(alert, signal) {
        const line = alertLine(alert);
        const body = JSON.stringify({ type: `deltasift.alert.${alert.kind}`, timestamp: line.at, data: line });
        const id = `msg_${createHash('sha256').update(alert.id).digest('hex').slice(0, 32)}`;
        const now = new Date(clock());
        await post(
          body,
          {
            'webhook-id': id,
            'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
            ...(alert.traceparent === undefined ? {} : { traceparent: alert.traceparent }),
            ...(signer === undefined ? {} : { 'webhook-signature': signer.sign(id, now, body) }),
          },
          signal,
        );
      },
    };
  },
};

function signerOf(secret: string, file: string): Webhook {
  const key = secret.replace(/^whsec_/, '');
  if (/^[A-Za-z0-9+/]{32,}={0,2}$/.test(key)) return new Webhook(secret);
  throw new ConfigError(`sink webhook: ${file} holds no secret: expected whsec_ and at least 24 bytes in base64`);
}
