/** Where a partition begins and ends, while it has no leader or another one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mendLeaders } from '../../pipeline/kafka/mend-leaders.ts';

const now = async () => undefined;

/** A cluster whose brokers answer with these errors, one after the other, and then with 7. */
function clusterOf(...types: readonly string[]) {
  const left = [...types];
  class Cluster {
    refreshed = 0;
    async fetchTopicsOffset(_topics: unknown): Promise<unknown> {
      const type = left.shift();
      if (type !== undefined) throw Object.assign(new Error(type), { type });
      return 7;
    }
    async refreshMetadata(): Promise<void> {
      this.refreshed++;
    }
  }
  mendLeaders(Cluster, now);
  return new Cluster();
}

describe('offsets of a topic', () => {
  test('are asked of who leads the partition now', async () => {
    const cluster = clusterOf('LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION', 'NOT_LEADER_FOR_PARTITION');
    assert.equal(await cluster.fetchTopicsOffset([]), 7);
    assert.equal(cluster.refreshed, 3, 'looked up anew before each further try');
  });

  test('are not asked for again where asking does not help', async () => {
    const cluster = clusterOf('TOPIC_AUTHORIZATION_FAILED');
    await assert.rejects(cluster.fetchTopicsOffset([]), { type: 'TOPIC_AUTHORIZATION_FAILED' });
    assert.equal(cluster.refreshed, 0);
  });

  test('are not asked for for ever', async () => {
    const cluster = clusterOf(...Array.from({ length: 1000 }, () => 'LEADER_NOT_AVAILABLE'));
    await assert.rejects(cluster.fetchTopicsOffset([]), { type: 'LEADER_NOT_AVAILABLE' });
  });
});
