/**
 * Reads a topic with kafkajs, avsc and the published schemas: what any consumer of deltasift's topics has to know is here.
 *
 *   node read.ts BROKER TOPIC      prints a line of JSON for each message, up to the topic's present end
 */
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import avro from 'avsc';
import kafkajs, { type KafkaMessage } from 'kafkajs';

const PUBLISHED = new URL('../../schemas/published/', import.meta.url);

// deltasift compresses with zstd, which kafkajs knows by number only
const [compress, decompress] = [promisify(zstdCompress), promisify(zstdDecompress)];
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: (encoder: { readonly buffer: Buffer }) => compress(encoder.buffer),
  decompress: (bytes: Buffer) => decompress(bytes),
});

/** By the last part of the file's name before .avsc: the CRC-64-AVRO fingerprint. */
const types = new Map(
  readdirSync(PUBLISHED).map((file) => [
    file.split('.').at(-2)!,
    avro.Type.forSchema(JSON.parse(readFileSync(new URL(file, PUBLISHED), 'utf8'))),
  ]),
);

/** Avro single-object encoding: C3 01, the fingerprint little-endian, then the value. */
function decode(value: Buffer): unknown {
  if (value.readUInt16BE(0) !== 0xc301) throw new Error('not a single object: it was written with another --wire');
  const fingerprint = value.readBigUInt64LE(2).toString(16).padStart(16, '0');
  const type = types.get(fingerprint);
  if (type === undefined) throw new Error(`no published schema has the fingerprint ${fingerprint}`);
  return type.fromBuffer(value.subarray(10));
}

/** Bytes that no schema describes, and dead letters as they came, are printed as base64. */
function print(partition: number, { offset, key, value, headers = {} }: KafkaMessage): void {
  if (value === null) return; // on a compacted topic: what stood under this key is gone
  const texts = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)]));
  const isAvro = texts['schema'] !== undefined && texts['code'] === undefined;
  const shown = isAvro ? decode(value) : value.toString('base64');
  const line = { partition, offset: Number(offset), key: String(key), headers: texts, value: shown };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const [broker, topic] = process.argv.slice(2);
if (broker === undefined || topic === undefined) throw new Error('usage: node read.ts HOST:PORT TOPIC');
const kafka = new kafkajs.Kafka({
  clientId: 'reader',
  brokers: [broker],
  logLevel: kafkajs.logLevel.ERROR,
});

const admin = kafka.admin();
await admin.connect();
const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
await admin.disconnect();
for (const [partition, end] of ends) if (end === 0) ends.delete(partition);

const groupId = `reader-${process.pid}-${Date.now()}`;
const consumer = kafka.consumer({ groupId, readUncommitted: false, maxWaitTimeInMs: 200 });
const read = Promise.withResolvers<void>();
/** The last offset of a partition may be a transaction's marker, which no handler sees: a batch says how far it went. */
function passed(partition: number, offset: number): void {
  if (offset + 1 >= (ends.get(partition) ?? 0)) ends.delete(partition);
  if (ends.size === 0) read.resolve();
}
consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => passed(payload.partition, Number(payload.lastOffset)));
if (ends.size > 0) {
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      try {
        print(partition, message);
      } catch (error) {
        read.reject(error); // thrown here, kafkajs would hand the message over for ever
      }
    },
  });
  await read.promise;
  await consumer.disconnect();
}
await admin.connect();
await admin.deleteGroups([groupId]).catch(() => undefined); // it is there only if something was read
await admin.disconnect();
