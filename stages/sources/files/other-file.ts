import { ConfigError } from '../../../pipeline/error.ts';
import type { Input } from '../bytes/input.ts';

/** The file is not the one that a cursor was made for. A source that is read by its files reads it from its start then. */
export class OtherFile extends ConfigError {
  constructor({ name }: Pick<Input, 'name'>, how: string) {
    super(
      `${name} is not the file that the cursor was made for: ${how}. ` +
        'Give the source this store was made with, or another store.',
    );
  }
}
