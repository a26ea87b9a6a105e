/** Every command, in the order of the help. */
import type { Command } from './command.ts';
import { validate } from './validate.ts';

export const commands: readonly Command[] = [validate];
