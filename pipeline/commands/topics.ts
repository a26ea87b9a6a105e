/** `deltasift topics`: the topics of the pipeline on a cluster. */

import { bytesOf } from '../config/byte-size.ts';
import { createTopicsConfig, deleteTopicsConfig, type TopicsConfig, topicsConfig } from '../config/config.ts';
import type { WireConfig } from '../config/wire.ts';
import { ConfigError } from '../error.ts';
import type { Difference, Layout, WantedTopic } from '../kafka/topics.ts';
import { type Column, table } from '../render/table.ts';
import { type Context, command } from './command.ts';
import { withAdmin } from './kafka-admin.ts';

export const createTopics = command({
  name: 'topics create',
  summary: 'Makes the topics that are missing; where one differs it says how, and changes it with --apply alone.',
  config: createTopicsConfig,

  async run({ apply = false, register = false, ...config }, context) {
    const { createTopics: create } = await import('../kafka/topics.ts');
    const schemas = await missingSchemas(config, context);
    if (schemas.length > 0 && !register) {
      const lines = schemas.map(({ topic }) => `${topic}: this version's schema is missing`).join('\n');
      throw new ConfigError(`${lines}\nnothing was changed: give --register to add them to the registry`);
    }
    const made = await withAdmin(config, context, (admin) => create(admin, layoutOf(config), { apply }));
    if (schemas.length > 0) await registerSchemas(config, context);
    const done = [...made, ...schemas];
    if (context.json) context.out.write(`${JSON.stringify(done)}\n`);
    else context.out.write(done.length === 0 ? 'nothing to do\n' : table(DIFFERENCE, done, context.out.columns));
  },
});

/** With a cap for replay records, where one is given. */
function layoutOf({ keepReplay, ...layout }: TopicsConfig): Layout {
  return { ...layout, ...(keepReplay === undefined ? {} : { replayBytes: bytesOf(keepReplay) }) };
}

export const describeTopics = command({
  name: 'topics describe',
  summary: 'Shows every topic as it should be, and where the cluster, or the schema registry, differs.',
  config: topicsConfig,

  async run(config, context) {
    const { describeTopics: describe } = await import('../kafka/topics.ts');
    const report = await withAdmin(config, context, (admin) => describe(admin, layoutOf(config)));
    const differences = [...report.differences, ...(await missingSchemas(config, context))];
    const { out, json } = context;
    if (json) {
      out.write(`${JSON.stringify({ wanted: report.wanted, differences })}\n`);
      return;
    }
    out.write(table(WANTED, report.wanted, out.columns));
    out.write(
      differences.length === 0
        ? '\nthe cluster is as it should be\n'
        : `\n${table(DIFFERENCE, differences, out.columns)}`,
    );
  },
});

export const deleteTopics = command({
  name: 'topics delete',
  summary: 'Deletes the topics of the prefix, with all that is in them; without --yes it says which those are.',
  config: deleteTopicsConfig,

  async run({ yes = false, ...config }, context) {
    const { deleteTopics: remove, presentTopics } = await import('../kafka/topics.ts');
    const names = await withAdmin(config, context, async (admin) => {
      const there = await presentTopics(admin, config);
      if (there.length === 0 || yes) return await remove(admin, config, context.signal);
      throw new ConfigError(`${there.join('\n')}\nnothing was deleted: give --yes to delete these, with all messages`);
    });
    const lines = names.length === 0 ? [`no topics of ${config.prefix}\n`] : names.map((name) => `${name} deleted\n`);
    context.out.write(context.json ? `${JSON.stringify(names)}\n` : lines.join(''));
  },
});

/** None where no registry is written for. */
async function missingSchemas(config: WireConfig, { environment, signal }: Context): Promise<readonly Difference[]> {
  if (config.wire !== 'confluent') return [];
  const [{ registryOf }, { missingSubjects }] = await Promise.all([
    import('../config/wire.ts'),
    import('../kafka/subjects.ts'),
  ]);
  return await missingSubjects(registryOf(config, environment)!, config.prefix, signal);
}

async function registerSchemas(config: WireConfig, { environment, signal }: Context): Promise<void> {
  const [{ registryOf }, { registerSubjects }] = await Promise.all([
    import('../config/wire.ts'),
    import('../kafka/subjects.ts'),
  ]);
  await registerSubjects(registryOf(config, environment)!, config.prefix, signal);
}

const WANTED: readonly Column<WantedTopic>[] = [
  { name: 'topic', align: 'left', cell: ({ name }) => name },
  { name: 'partitions', align: 'right', cell: ({ partitions }) => String(partitions) },
  { name: 'replicas', align: 'right', cell: ({ replicas }) => String(replicas) },
  {
    name: 'settings',
    align: 'left',
    cell: ({ config }) =>
      Object.entries(config)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
  },
];

const DIFFERENCE: readonly Column<Difference>[] = [
  { name: 'topic', align: 'left', cell: ({ topic }) => topic },
  { name: 'what', align: 'left', cell: ({ what }) => what },
  { name: 'was', align: 'left', cell: ({ actual }) => actual },
  { name: 'wanted', align: 'left', cell: ({ wanted }) => wanted },
];
