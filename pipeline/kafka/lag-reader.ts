/** How far groups are behind, for somebody who does not wait: over a connection of its own, kept open. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Kafka as Client } from 'kafkajs';
import { lagOf } from './lag.ts';

export interface LagReader {
  /** Messages and control records in all partitions. Rejects where the cluster does not answer in time. */
  of(group: string, topic: string): Promise<number>;
  close(): Promise<void>;
}

const PATIENCE_MS = 2000;

export function lagReader(client: Client): LagReader {
  let connecting: Promise<Admin> | undefined;

  async function connect(): Promise<Admin> {
    const admin = client.admin();
    await admin.connect();
    return admin;
  }

  async function ask(group: string, topic: string): Promise<number> {
    connecting ??= connect();
    try {
      const partitions = await lagOf(await connecting, group, topic);
      return partitions.reduce((sum, { lag }) => sum + lag, 0);
    } catch (error) {
      const failed = connecting;
      connecting = undefined;
      failed.then((admin) => admin.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  return {
    async of(group, topic) {
      const asked = ask(group, topic);
      asked.catch(() => undefined);
      const late = delay(PATIENCE_MS, undefined, { ref: false }).then(() => {
        throw new Error(`no answer within ${PATIENCE_MS} ms`);
      });
      late.catch(() => undefined);
      return Promise.race([asked, late]);
    },

    async close() {
      await (await connecting?.catch(() => undefined))?.disconnect();
    },
  };
}
