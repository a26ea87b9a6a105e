/** Entry of the command line: the only file that reads the environment, the clock and the signals. */
import { readFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { CommanderError } from 'commander';
import type { Context, Output } from './commands/command.ts';
import { program } from './commands/program.ts';
import { environmentOf } from './environment.ts';
import { type ExitCode, exitCodeOf } from './exit-codes.ts';
import { refusal } from './kafka/failure.ts';
import { machineFault } from './machine-fault.ts';
import { printableLines } from './render/printable.ts';
import { screenOf } from './screen.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const out = outputTo(process.stdout, outFailed);
const err = outputTo(process.stderr, () => undefined); // nobody listens: the work goes on
process.exitCode = await main(process.argv.slice(2), stopSignal());

async function main(words: readonly string[], signal: AbortSignal): Promise<ExitCode> {
  try {
    await program(version, { out, err }, (command, given, ask) => {
      const context: Context = {
        ...ask,
        environment: environmentOf(process.env, homedir(), out.isTerminal),
        out,
        err,
        screen: screenOf(process.stdin, process.stdout),
        cores: availableParallelism(),
        folder: process.cwd(),
        now: () => performance.now(),
        clock: () => Date.now() / 1000,
        random: Math.random,
        signal,
      };
      return command.run(given, context);
    }).parseAsync(words, { from: 'user' });
    return signal.aborted ? 130 : 0;
  } catch (error) {
    const json = words.includes('--json');
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      if (json) reportJson(78, 'ConfigError', error.message.replace(/^error: /, '')); // in words, commander has said it
      return 78;
    }
    const own = refusal(error) ?? error;
    const code = exitCodeOf(own, signal.aborted);
    report(own, code, json);
    return code;
  }
}

function report(error: unknown, code: ExitCode, json: boolean): void {
  const { name, stack, message: own } = error instanceof Error ? error : new Error(String(error));
  const fault = code === 70 ? machineFault(error) : undefined;
  const message = code === 130 ? 'interrupted; the same command goes on from here' : (fault ?? own);
  const text = code === 70 && fault === undefined ? stack! : message;
  err.write(printableLines(text).replaceAll(/^/gm, 'deltasift: ').concat('\n')); // names in it may come from strangers
  if (json) reportJson(code, name, message);
}

function reportJson(code: ExitCode, name: string, message: string): void {
  out.write(`${JSON.stringify({ error: { code, name, message } })}\n`);
}

/**
 * Aborts on the first signal, so that what is in flight is still committed. A later one ends the process at once: the store
 * bears it. Within a second it counts as the same one, which a terminal and a launcher both send.
 */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  let first = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) {
        first = performance.now();
        stop.abort();
      } else if (performance.now() - first > 1000) {
        endAtOnce();
      }
    });
  }
  if (process.channel !== undefined) {
    process.on('disconnect', endAtOnce); // the launcher was killed
    process.channel?.unref();
  }
  return stop.signal;
}

/** @param failed told why nothing more can be written */
function outputTo(stream: NodeJS.WriteStream, failed: (error: NodeJS.ErrnoException) => void): Output {
  stream.on('error', failed);
  return {
    write: (text) => {
      stream.write(text);
    },
    isTerminal: stream.isTTY === true,
    columns: stream.columns || 100, // a terminal of unknown width says 0
  };
}

function outFailed({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') process.exit(0); // the reader has seen enough
  err.write(`deltasift: standard output cannot be written: ${message}\n`);
  process.exit(70);
}

/** To exit while a model runs would wait for it, and abort. */
function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}
