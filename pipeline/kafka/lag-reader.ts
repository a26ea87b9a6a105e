/** How far groups are behind, for somebody who does not wait: over a connection of its own, kept open. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Kafka as Client } from 'kafkajs';
import { lagOf } from './lag.ts';

export interface LagReader {
  /** Messages and control records in all partitions. Rejects where the cluster does not answer in time. */
  of(group: string, topic: string): Promise<number>;
  /** As `of`: how far the group is, and how far it could be, summed over the partitions. */
  place(group: string, topic: string): Promise<Place>;
  close(): Promise<void>;
}

export interface Place {
  readonly next: number;
  readonly end: number;
}

const PATIENCE_MS = 2000;

export function lagReader(client: Client): LagReader {
  let connecting: Promise<Admin> | undefined;

  async function connect(): Promise<Admin> {
    const admin = client.admin();
    await admin.connect();
    return admin;
  }

  async function ask(group: string, topic: string): Promise<Place> {
    connecting ??= connect();
    try {
      const partitions = await lagOf(await connecting, group, topic);
      const total = (of: (one: Place) => number) => partitions.reduce((sum, one) => sum + of(one), 0);
      return { next: total(({ next }) => next), end: total(({ end }) => end) };
    } catch (error) {
      const failed = connecting;
      connecting = undefined;
      failed.then((admin) => admin.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  async function place(group: string, topic: string): Promise<Place> {
    const asked = ask(group, topic);
    asked.catch(() => undefined);
    const late = delay(PATIENCE_MS, undefined, { ref: false }).then(() => {
      throw new Error(`no answer within ${PATIENCE_MS} ms`);
    });
    late.catch(() => undefined);
    return Promise.race([asked, late]);
  }

  return {
    place,

    async of(group, topic) {
      const { next, end } = await place(group, topic);
      return end - next;
    },

    async close() {
      await (await connecting?.catch(() => undefined))?.disconnect();
    },
  };
}
