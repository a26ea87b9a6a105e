/** A connection of kafkajs, mended: it opens one socket, whoever asks for it, and nobody waits for one that was closed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import '../../pipeline/kafka/kafkajs.ts';

const require = createRequire(import.meta.url);
const Connection = require('kafkajs/src/network/connection.js') as new (
  options: object,
) => { connect(): Promise<unknown>; disconnect(): Promise<unknown>; isConnected(): boolean };
const socketFactory = (require('kafkajs/src/network/socketFactory.js') as () => unknown)();
const nothing = () => undefined;
const logger = { namespace: () => ({ debug: nothing, error: nothing, info: nothing, warn: nothing }) };

let server: Server;
const accepted: Socket[] = [];
before(async () => {
  server = createServer((socket) => accepted.push(socket.on('error', nothing)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
beforeEach(() => {
  accepted.length = 0;
});
after(() => {
  for (const socket of accepted) socket.destroy();
  server.close();
});

const open = (ssl?: object) => {
  const { port } = server.address() as AddressInfo;
  const limits = { requestTimeout: 1000, connectionTimeout: 20_000 };
  return new Connection({ host: '127.0.0.1', port, logger, socketFactory, ssl, ...limits });
};

test('requests that find no connection share the one that is being opened', async () => {
  const connection = open();
  await Promise.all([connection.connect(), connection.connect(), connection.connect()]);
  assert.equal(connection.isConnected(), true);
  await connection.disconnect();
  await once(accepted[0]!.resume(), 'close');
  assert.equal(accepted.length, 1);
});

test('one that was closed is opened anew', async () => {
  const connection = open();
  await connection.connect();
  await connection.disconnect();
  await connection.connect();
  assert.equal(connection.isConnected(), true);
  await connection.disconnect();
});

test('who waits for a connection that the other side closes before it is open is told', async () => {
  const connection = open({}); // TLS, which this server does not speak
  const waiting = [connection.connect(), connection.connect()];
  const told = Promise.all(waiting.map((one) => assert.rejects(one, { name: 'KafkaJSConnectionError' })));
  while (accepted.length === 0) await new Promise(setImmediate);
  accepted[0]!.end();
  await told;
});
