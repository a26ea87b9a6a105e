/** `slack`: a message by an incoming webhook, of Slack or what understands the same. */
import { z } from 'zod';
import type { SinkPlugin } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import type { Alert } from '../../schemas/types.ts';
import { alertSummary } from '../alert/line.ts';
import { poster } from './http/post.ts';
import { httpSettings, httpUrl, secretIn } from './http/settings.ts';

const config = z.strictObject({
  urlFile: z.string().min(1).describe('file with the address of the incoming webhook, which is a secret'),
  ...httpSettings,
});
type Config = z.infer<typeof config>;

export const slack: SinkPlugin<Config> = {
  name: 'slack',
  summary: "a message by an incoming webhook of Slack's, or what understands the same",
  config,
  short: (urlFile) => ({ urlFile }),
  create({ urlFile, allowHosts, timeoutSeconds }, { clock, folder }) {
    const url = httpUrl.safeParse(secretIn(urlFile, folder));
    if (!url.success) throw new ConfigError(`sink slack: ${urlFile} holds no address: expected https://...`);
    const { post, close } = poster({ url: url.data, allowHosts, timeoutMs: 1000 * timeoutSeconds, clock });
    return {
      close,
      send: (alert, signal) => post(JSON.stringify({ text: textOf(alert) }), {}, signal),
    };
  },
};

const QUOTED = 300;

/** Slack's mrkdwn; what a crawl says steers nothing in it. */
function textOf(alert: Alert): string {
  const { url, title, text } = alert;
  const link = url === null || !/^https?:\/\/[^\s<>|]+$/.test(url) ? '' : `\n<${escaped(url)}>`;
  const quote = `${title === null ? '' : `${title}: `}${text}`.replaceAll(/\s+/g, ' ').slice(0, QUOTED);
  return `*${escaped(alertSummary(alert))}*${link}\n> ${escaped(quote)}`;
}

/** The three characters that Slack gives a meaning to, and those that format. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[*_~`]/g, (mark) => `\u200b${mark}\u200b`);
}
