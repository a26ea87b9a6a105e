/** A client for the length of one command. */
import type { Admin } from 'kafkajs';
import { connectionOf, type KafkaConfig } from '../config/kafka.ts';
import type { Context } from './command.ts';

export async function withAdmin<T>(
  config: KafkaConfig,
  { environment }: Context,
  what: (admin: Admin) => Promise<T>,
): Promise<T> {
  // loaded when asked for: other commands start sooner
  const { kafkaClient } = await import('../kafka/client.ts');
  const admin = kafkaClient(connectionOf(config, environment, 'deltasift'), 'patient').admin();
  try {
    await admin.connect();
    return await what(admin);
  } finally {
    await admin.disconnect();
  }
}
