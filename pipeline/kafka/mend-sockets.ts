/** kafkajs leaves sockets open, which keep a process from ending after a broker was away. */

interface Connection {
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
}

type ConnectionError = new (message: string, details: { readonly broker: string }) => Error;

/**
 * Requests that find no connection each open one, and the sockets but the last are nobody's. One that is closed before it is open
 * leaves those who wait for it waiting.
 */
export function mendConnect({ prototype }: { readonly prototype: Connection }, Failure: ConnectionError): void {
  const { connect, disconnect } = prototype;
  const connecting = new WeakMap<Connection, PromiseWithResolvers<unknown>>();

  prototype.connect = function once(this: Connection) {
    const known = connecting.get(this);
    if (known !== undefined) return known.promise;
    const own = Promise.withResolvers<unknown>();
    connecting.set(this, own);
    connect
      .call(this)
      .then(own.resolve, own.reject)
      .finally(() => connecting.delete(this));
    own.promise.catch(() => connecting.delete(this));
    return own.promise;
  };

  prototype.disconnect = async function ended(this: Connection & { readonly broker?: string }) {
    const waiting = connecting.get(this);
    const answer = await disconnect.call(this);
    // what it was closed for is told first, where there is a reason
    setImmediate(() => waiting?.reject(new Failure('Closed while connecting', { broker: this.broker ?? '' })));
    return answer;
  };
}

interface Broker {
  readonly connectionPool: { readonly pool: readonly Connection[] };
}

interface BrokerPool {
  createBroker(options: unknown): Broker;
  disconnect(): Promise<unknown>;
}

/**
 * It forgets a broker that refused a connection, not so the consumers and producers that hold it: their next request connects again,
 * and nobody closes that. What was made for a pool is closed with it, and stays closed: a client that was told to disconnect is not used again.
 */
export function mendClose(Original: new (options: object) => BrokerPool): typeof Original {
  return class Closing extends Original {
    constructor(options: object) {
      super(options);
      const { createBroker } = this;
      this.createBroker = (made) => {
        const broker = createBroker(made);
        for (const connection of broker.connectionPool.pool) this.#watch(connection);
        return broker;
      };
    }

    readonly #open = new Set<Connection>();
    #closed = false;

    #watch(connection: Connection): void {
      const { connect, disconnect } = connection;
      connection.connect = async () => {
        if (this.#closed) throw Object.assign(new Error('the client was told to disconnect'), { retriable: false });
        this.#open.add(connection);
        return await connect.call(connection);
      };
      connection.disconnect = () => {
        this.#open.delete(connection);
        return disconnect.call(connection);
      };
    }

    override async disconnect(): Promise<unknown> {
      this.#closed = true;
      const answer = await super.disconnect();
      await Promise.all([...this.#open].map((connection) => connection.disconnect()));
      return answer;
    }
  };
}
