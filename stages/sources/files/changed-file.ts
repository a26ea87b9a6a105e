import { ConfigError } from '../../../pipeline/error.ts';

/** The file has become another one since its reading began. Who follows it reads on in the one that there is now. */
export class ChangedFile extends ConfigError {
  constructor(address: string, was: string, is: string) {
    super(
      `${address} has changed while it was read, from ${was} to ${is}: run again, which reads on where it was only added to, and ` +
        'all of it where it was made anew',
    );
  }
}
