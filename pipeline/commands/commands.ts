/** Every command, in the order of the help. */
import { listAlerts, simulateAlerts, testAlert } from './alerts.ts';
import type { Command } from './command.ts';
import { crawl } from './crawl.ts';
import { listDead, replayDead, showDead } from './dead.ts';
import { delta } from './delta.ts';
import { addDelta, listDeltas, pauseDelta, removeDelta, resumeDelta } from './deltas.ts';
import { dev } from './dev.ts';
import { doctor } from './doctor.ts';
import { drops } from './drops.ts';
import { evaluate } from './evaluate.ts';
import { gather } from './gather.ts';
import { initSource } from './init.ts';
import { lag } from './lag.ts';
import { live } from './live.ts';
import { mixture } from './mixture.ts';
import { notify } from './notify.ts';
import { listRejects, replayRejects } from './rejects.ts';
import { replay } from './replay.ts';
import { scan } from './scan.ts';
import { select } from './select.ts';
import { serve } from './serve.ts';
import { show } from './show.ts';
import { checkSource, listSources } from './sources.ts';
import { status } from './status.ts';
import { studyLeakage, studyOptimizer, studyRanking, studySize, studyStrategies, studyWidth } from './study.ts';
import { tap } from './tap.ts';
import { top } from './top.ts';
import { createTopics, deleteTopics, describeTopics } from './topics.ts';
import { topology } from './topology.ts';
import { validate } from './validate.ts';
import { worker } from './worker.ts';

/** What the commands whose name has two words are about, by the first one. */
export const GROUPS: Readonly<Record<string, string>> = {
  alerts: 'What rules found: lists it, tries a sink, tries a rule.',
  rejects: 'Records of a scan that were at fault: lists them, gives them another try.',
  study: 'Questions about picking and ranking, asked of a pair whose tuning data is known.',
  init: 'Plug-ins of your own: writes one to begin with.',
  sources: 'Kinds of crawl: lists them, tries one.',
  topics: 'Topics of a Kafka cluster: makes, compares and removes them.',
  dead: 'Dead letters of a Kafka cluster: lists them, shows one, sends them again.',
};

export const commands: readonly Command[] = [
  delta,
  addDelta,
  listDeltas,
  pauseDelta,
  resumeDelta,
  removeDelta,
  scan,
  replay,
  top,
  select,
  live,
  mixture,
  evaluate,
  studyStrategies,
  studySize,
  studyLeakage,
  studyWidth,
  studyOptimizer,
  studyRanking,
  show,
  serve,
  status,
  listAlerts,
  testAlert,
  simulateAlerts,
  notify,
  drops,
  listRejects,
  replayRejects,
  listSources,
  checkSource,
  initSource,
  crawl,
  worker,
  dev,
  gather,
  topology,
  createTopics,
  describeTopics,
  deleteTopics,
  lag,
  tap,
  listDead,
  showDead,
  replayDead,
  validate,
  doctor,
];
