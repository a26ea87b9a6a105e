import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { firstWorking, type Provider } from '../../stages/graph/providers.ts';

/** A session factory of a machine on which only some providers work. */
function machine(...working: readonly Provider[]) {
  const tried: Provider[] = [];
  return {
    tried,
    async open(provider: Provider): Promise<string> {
      tried.push(provider);
      if (!working.includes(provider)) throw new Error(`no ${provider} library\nwith a second line`);
      return `session on ${provider}`;
    },
  };
}

describe('providers', () => {
  test('opens the first one asked for that works, and tries none behind it', async () => {
    const { tried, open } = machine('cuda', 'webgpu', 'cpu');
    const opened = await firstWorking(['webgpu', 'cuda', 'cpu'], open);
    assert.deepEqual(opened, { session: 'session on webgpu', provider: 'webgpu', notes: [] });
    assert.deepEqual(tried, ['webgpu']);
  });

  test('says in a line for each one missing what is missing, and what runs instead', async () => {
    const { open } = machine('cpu');
    const { provider, notes } = await firstWorking(['cuda', 'webgpu', 'cpu'], open);
    assert.equal(provider, 'cpu');
    assert.deepEqual(notes, [
      'provider cuda is not available here (no cuda library); cpu runs instead',
      'provider webgpu is not available here (no webgpu library); cpu runs instead',
    ]);
  });

  test('runs nothing that was not asked for', async () => {
    const { tried, open } = machine('cpu');
    await assert.rejects(
      firstWorking(['cuda', 'webgpu'], open),
      /\(cuda, webgpu\).*no cuda library; webgpu: no webgpu/,
    );
    assert.deepEqual(tried, ['cuda', 'webgpu']);
  });

  test('a provider that is not there is a mistake of the config; a model that no provider loads is none', async () => {
    const { open } = machine();
    await assert.rejects(firstWorking(['cuda'], open), {
      name: 'ConfigError',
      message: /--provider cpu runs anywhere/,
    });
    await assert.rejects(firstWorking(['cuda', 'cpu'], open), { name: 'Error' });
  });
});
