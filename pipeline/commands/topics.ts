/** `deltasift topics`: the topics of the pipeline on a cluster. */
import { createTopicsConfig, topicsConfig } from '../config.ts';
import type { Difference, WantedTopic } from '../kafka/topics.ts';
import { type Column, table } from '../render/table.ts';
import { command } from './command.ts';
import { withAdmin } from './kafka-admin.ts';

export const createTopics = command({
  name: 'topics create',
  summary: 'Makes the topics that are missing; where one differs it says how, and changes it with --apply alone.',
  config: createTopicsConfig,

  async run({ apply = false, ...config }, context) {
    const { createTopics: create } = await import('../kafka/topics.ts');
    const done = await withAdmin(config, context, (admin) => create(admin, config, { apply }));
    if (context.json) context.out.write(`${JSON.stringify(done)}\n`);
    else context.out.write(done.length === 0 ? 'nothing to do\n' : table(DIFFERENCE, done, context.out.columns));
  },
});

export const describeTopics = command({
  name: 'topics describe',
  summary: 'Shows every topic as it should be, and where the cluster differs.',
  config: topicsConfig,

  async run(config, context) {
    const { describeTopics: describe } = await import('../kafka/topics.ts');
    const { wanted, differences } = await withAdmin(config, context, (admin) => describe(admin, config));
    const { out, json } = context;
    if (json) {
      out.write(`${JSON.stringify({ wanted, differences })}\n`);
      return;
    }
    out.write(table(WANTED, wanted, out.columns));
    out.write(
      differences.length === 0
        ? '\nthe cluster is as it should be\n'
        : `\n${table(DIFFERENCE, differences, out.columns)}`,
    );
  },
});

export const deleteTopics = command({
  name: 'topics delete',
  summary: 'Deletes the topics of the prefix, with all that is in them.',
  config: topicsConfig,

  async run(config, context) {
    const { deleteTopics: remove } = await import('../kafka/topics.ts');
    const names = await withAdmin(config, context, (admin) => remove(admin, config, context.signal));
    context.out.write(context.json ? `${JSON.stringify(names)}\n` : names.map((name) => `${name} deleted\n`).join(''));
  },
});

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
