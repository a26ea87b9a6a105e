/** What is deployed says what the command line understands, and holds together. Whether a cluster takes it is not tried here. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { program } from '../../pipeline/commands/program.ts';
import type { WorkerConfig } from '../../pipeline/config/config.ts';
import { resolveConfig } from '../../pipeline/config/resolve.ts';
import { settings } from '../../pipeline/config/settings.ts';
import { topology } from '../../pipeline/topology.ts';
import { folders } from '../kit/folder.ts';

const DEPLOY = new URL('../../deploy/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, DEPLOY), 'utf8');
const folder = folders();

type Json = { readonly [key: string]: Json } & readonly Json[] & string;

const manifests: readonly Json[] = readdirSync(new URL('kubernetes/', DEPLOY))
  .filter((name) => name !== 'kustomization.yaml')
  .flatMap((name) => parseAllDocuments(read(`kubernetes/${name}`)).map((document) => document.toJS() as Json));
const ofKind = (kind: string) => manifests.filter((one) => one['kind'] === kind);
const named = (kind: string, name: string) => ofKind(kind).find((one) => one['metadata']!['name'] === name)!;
const containersOf = (one: Json) => one['spec']!['template']!['spec']!['containers']!;

/** The config that the command line makes of these words. Throws where it understands one of them not. */
async function configOf(words: readonly string[]): Promise<{ readonly name: string; readonly config: Json }> {
  const said = { write: (text: string | Uint8Array) => void text, isTerminal: false, columns: 100 };
  let found: { readonly name: string; readonly config: Json } | undefined;
  await program('0.0.0', { out: said, err: said }, async (command, given) => {
    found = { name: command.name, config: resolveConfig(command.config, given) as unknown as Json };
  }).parseAsync([...words], { from: 'user' });
  assert.ok(found, words.join(' '));
  return found;
}

const file = join(folder(), 'deltasift.yaml');
writeFileSync(file, named('ConfigMap', 'deltasift')['data']!['deltasift.yaml']!);
const inPod = (words: readonly string[]) => words.map((word) => (word.startsWith('/etc/deltasift/') ? file : word));
const LEGS = ['tokenize', 'gradient', 'score', 'select'];
/** A worker has ended so long after SIGTERM: docs/kafka.md. */
const ENDED_SECONDS = 10;

describe('the Kubernetes manifests', () => {
  test('run commands that the command line understands: a worker for each leg, the topics, the crawl', async () => {
    const parsed = await Promise.all(
      [...ofKind('Deployment'), ...ofKind('Job')].map((one) => configOf(inPod(containersOf(one)[0]!['args']!))),
    );
    assert.deepEqual(parsed.map(({ name }) => name).sort(), ['crawl', 'topics create', ...LEGS.map(() => 'worker')]);
    const legs = parsed.flatMap(({ name, config }) => (name === 'worker' ? [...config['legs']!] : []));
    assert.deepEqual(legs.sort(), LEGS.toSorted());
    for (const { name, config } of parsed)
      if (name !== 'topics create') assert.equal(config['metrics'], '0.0.0.0:9464');
  });

  test('probe the paths and the port that workers and crawlers serve, and give them time to end', () => {
    for (const leg of [...LEGS, 'crawl']) {
      const { spec } = named('Deployment', leg)['spec']!['template']! as unknown as { readonly spec: Json };
      const [container] = spec['containers']!;
      assert.deepEqual(container!['ports'], [{ name: 'metrics', containerPort: 9464 }]);
      const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => container![probe]!['httpGet']);
      const at = (path: string) => ({ path, port: 'metrics' });
      assert.deepEqual(probes, [at('/healthz'), at('/healthz'), at('/readyz')]);
      assert.ok(Number(spec['terminationGracePeriodSeconds']) > ENDED_SECONDS);
    }
  });

  test('scale each leg by the lag of its own group in the topic it reads, to no more workers than partitions', async () => {
    const { config } = await configOf(inPod(containersOf(named('Job', 'topics'))[0]!['args']!));
    const { prefix } = config as unknown as WorkerConfig;
    for (const { name, reads } of topology(LEGS)) {
      const { maxReplicaCount, scaleTargetRef, triggers } = named('ScaledObject', name)['spec']!;
      assert.ok(Number(maxReplicaCount) <= Number(config['partitions']), name);
      assert.ok(Number(maxReplicaCount) <= settings.partitions.parse(undefined));
      assert.equal(scaleTargetRef!['name'], name);
      const { consumerGroup, topic } = triggers![0]!['metadata']!;
      assert.deepEqual([consumerGroup, topic], [prefix + name, prefix + reads]);
      assert.equal(named('PodDisruptionBudget', name)['spec']!['maxUnavailable'], 1);
    }
  });

  test('take secrets from a Secret, hold none, and run as nobody', () => {
    for (const one of [...ofKind('Deployment'), ...ofKind('Job')]) {
      const spec = one['spec']!['template']!['spec']!;
      assert.equal(spec['securityContext']!['runAsNonRoot'], true);
      for (const { name, valueFrom } of spec['containers']![0]!['env']! as unknown as readonly Json[]) {
        assert.equal(valueFrom!['secretKeyRef']!['name'], 'deltasift-kafka', name as string);
      }
    }
    assert.equal(ofKind('Secret').length, 0);
  });

  test('are all part of the kustomization', () => {
    const files = readdirSync(new URL('kubernetes/', DEPLOY)).filter((name) => name !== 'kustomization.yaml');
    assert.deepEqual([...parse(read('kubernetes/kustomization.yaml')).resources].sort(), files.sort());
  });
});

describe('the compose file', () => {
  test('runs commands that the command line understands, a service for each leg', async () => {
    const { services } = parse(read('compose/compose.yaml'), { merge: true }) as { services: Record<string, Json> };
    const own = Object.entries(services).filter(([, { image }]) => image === 'deltasift');
    assert.deepEqual(own.map(([name]) => name).sort(), ['crawl', 'topics', ...LEGS].sort());
    for (const [name, { command }] of own) {
      const { config } = await configOf(command!);
      if (LEGS.includes(name)) assert.deepEqual(config['legs'], [name]);
      assert.deepEqual(config['brokers'], ['broker:9092']);
    }
  });
});

test('the image runs the command line as nobody, and asks for its health where workers serve it', () => {
  const text = read('image/Dockerfile');
  assert.match(text, /^USER 10001:10001$/m);
  assert.match(text, /127\.0\.0\.1:9464\/healthz/);
  assert.match(text, /^ENTRYPOINT \["node", "\/opt\/deltasift\/pipeline\/launcher\.cjs"\]$/m);
});
