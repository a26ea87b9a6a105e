/** The worker thread's side of session.ts: `run` of ONNX Runtime blocks its thread, so each session has one of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { ConfigError } from '../../pipeline/error.ts';
import { firstWorking } from './providers.ts';
import type { Feeds, FromWorker, Results, SessionOptions, ToWorker } from './session.ts';

const port = parentPort!;
const { model, providers, threads } = workerData as SessionOptions;

env.logLevel = 'fatal'; // what fails is thrown as well, and said in our own words

try {
  const { session, provider, notes } = await firstWorking(providers, (wanted) =>
    InferenceSession.create(model, {
      executionProviders: wanted === 'cpu' ? ['cpu'] : [wanted, 'cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      enableMemPattern: false, // batches differ in shape: a pattern kept for each would grow without end
      logSeverityLevel: 3,
      // a thread that spins while it waits takes the core from the tokenizer and from other workers
      extra: { session: { model_external_initializers_file_folder_path: '/', intra_op: { allow_spinning: '0' } } },
    }),
  );
  send({ kind: 'open', provider, notes });

  let last = Promise.resolve();
  let closing = false;
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'close') {
      closing = true;
      void last.finally(() => port.close());
    } else {
      const { id, feeds } = message;
      last = last.then(() =>
        closing ? send({ kind: 'failed', id, message: 'closed before this run' }) : answer(session, id, feeds),
      );
    }
  });
} catch (error) {
  send({ kind: 'unopened', message: messageOf(error), ours: !(error instanceof ConfigError) });
}

async function answer(session: InferenceSession, id: number, feeds: Feeds): Promise<void> {
  try {
    const tensors = Object.entries(feeds).map(([name, { data, dims }]) => {
      const tensor =
        data instanceof BigInt64Array ? new Tensor('int64', data, dims) : new Tensor('float32', data, dims);
      return [name, tensor] as const;
    });
    const outputs = await session.run(Object.fromEntries(tensors));
    const results: Record<string, Results[string]> = {};
    for (const [name, { data, dims }] of Object.entries(outputs)) results[name] = { data: data as Float32Array, dims };
    send({ kind: 'done', id, results });
  } catch (error) {
    send({ kind: 'failed', id, message: messageOf(error) });
  }
}

function send(message: FromWorker): void {
  port.postMessage(message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
