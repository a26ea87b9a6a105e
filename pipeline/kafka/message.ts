/** Messages as kafkajs has them, and as the contract has them. */
import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { Delivered } from '../contract.ts';

/** @param topic the topic's own name, without the cluster's prefix */
export function delivered(topic: string, partition: number, { offset, key, value, headers }: KafkaMessage): Delivered {
  return {
    topic,
    partition,
    offset: Number(offset),
    key: key?.toString() ?? '',
    value,
    headers: textOf(headers ?? {}),
  };
}

/** Headers that others set may be bytes, or be there several times: the last one counts. */
export function textOf(headers: IHeaders): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const last = Array.isArray(value) ? value.at(-1) : value;
    return last === undefined ? [] : [[name, last.toString()]];
  });
  return Object.fromEntries(entries);
}
