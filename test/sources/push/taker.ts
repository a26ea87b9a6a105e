/** A process that takes documents and reads none, until it is killed: node taker.ts SPOOL. */
import { pushed } from './pushed.ts';

const { url } = await pushed({ spool: process.argv[2] }, { paused: true });
process.stdout.write(`${url}\n`);
setInterval(() => undefined, 1000);
