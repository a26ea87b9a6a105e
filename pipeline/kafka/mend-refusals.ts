/** kafkajs says of what a cluster does not allow that something is not, or nothing at all: its errors get a `denied`. */
import { deniedOf } from './denied.ts';
import { causesOf } from './failure.ts';

interface Asked {
  readonly request: { readonly apiName: string };
  readonly response: { parse(answer: unknown): Promise<unknown> };
}

type Protocol = (options?: { readonly groupId?: string; readonly transactionalId?: string }) => Asked;
type Lookup = (apiKey: number, definition: unknown) => Protocol;

/** It throws what an answer says of the first of several topics, without the topic, and asks again for ever. */
export function mendLookup(requests: { lookup(versions: unknown): Lookup }): void {
  const { lookup } = requests;
  requests.lookup = (versions) => {
    const found = lookup(versions);
    return (apiKey, definition) => {
      const protocol = found(apiKey, definition);
      return (options) => explained(protocol(options), options ?? {});
    };
  };
}

function explained(asked: Asked, { groupId, transactionalId }: NonNullable<Parameters<Protocol>[0]>): Asked {
  const { request, response } = asked;
  const parse = async (answer: unknown) => {
    try {
      return await response.parse(answer);
    } catch (error) {
      const denied = deniedOf({ name: request.apiName, groupId, transactionalId }, answer);
      if (denied === undefined) throw error;
      throw Object.assign(error as Error, { denied, retriable: false });
    }
  };
  return { ...asked, response: { ...response, parse } };
}

interface BrokerPool {
  withBroker<T>(ask: (broker: unknown) => Promise<T>): Promise<T | null>;
}

/** It asks one broker after the other for the coordinator of a group, and forgets what they answer. */
export function mendSearch({ prototype }: { readonly prototype: BrokerPool }): void {
  const { withBroker } = prototype;
  prototype.withBroker = async function asked<T>(this: BrokerPool, ask: (broker: unknown) => Promise<T>) {
    let refused: unknown;
    const answer = await withBroker.call<BrokerPool, [typeof ask], Promise<T | null>>(this, (broker) =>
      ask(broker).catch((error: unknown) => {
        if (causesOf(error).some(({ denied }) => denied !== undefined)) refused = error;
        throw error;
      }),
    );
    if (answer === null && refused !== undefined) throw refused;
    return answer;
  };
}
