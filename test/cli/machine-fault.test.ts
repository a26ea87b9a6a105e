import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { machineFault } from '../../pipeline/machine-fault.ts';

function thrown(what: () => unknown): unknown {
  try {
    what();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

test('what the operating system refuses is said in words, also where it is the cause of another error', () => {
  const missing = thrown(() => readFileSync('/there/is/none'));
  assert.match(machineFault(missing)!, /^ENOENT: .*'\/there\/is\/none'$/);
  assert.equal(machineFault(new Error('https://host: gone', { cause: missing })), 'https://host: gone');
});

test('a full disk is named as what it most likely is', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', syscall: 'write' });
  assert.match(machineFault(full)!, /; is the disk full\?$/);
  const store = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  assert.match(machineFault(store)!, /^the store cannot be used: .* \(SQLITE_FULL\); is the disk full\?$/);
});

test('a host that does not answer is named without a stack, whatever library asked it', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9092'), { code: 'ECONNREFUSED' });
  assert.match(machineFault(new Error('the broker cannot be reached', { cause: refused }))!, /^the broker/);
});

test('our own faults are none of the machine', () => {
  const constraint = Object.assign(new Error('UNIQUE constraint failed'), { code: 'SQLITE_CONSTRAINT' });
  const argument = thrown(() => Buffer.alloc('x' as never));
  for (const error of [constraint, argument, new Error('x'), 'x']) assert.equal(machineFault(error), undefined);
});
