/** Every command, in the order of the help. */
import type { Command } from './command.ts';
import { delta } from './delta.ts';
import { doctor } from './doctor.ts';
import { listRejects, replayRejects } from './rejects.ts';
import { scan } from './scan.ts';
import { show } from './show.ts';
import { top } from './top.ts';
import { validate } from './validate.ts';

export const commands: readonly Command[] = [delta, scan, top, show, listRejects, replayRejects, validate, doctor];
