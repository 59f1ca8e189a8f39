import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { State, type Txn } from '../../src/core/index.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { createEmbeddedStore } from '../../src/store/embedded/index.ts';
import type { Adoption, Store } from '../../src/store/store.ts';
import { decodeRecord } from '../../src/view/codec.ts';
import { Refilling } from '../../src/view/refill.ts';
import { altered } from '../support/altered-store.ts';
import { aNode } from '../support/pure-catalog.ts';

const logger = createLogger('silent');
const FRESH: Adoption = { revision: 0, epoch: 0, opened: true, lost: 0, fresh: true };
const OTHER: Adoption = { ...FRESH, opened: false, fresh: false };
const NODES = 120;

describe('refilling a store that came back empty', () => {
  let directory: string;
  let store: Store;
  let held: State;
  let nowMs: number;
  const clock = { now: () => nowMs, monotonic: () => nowMs };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-refill-'));
    store = createEmbeddedStore({ directory, logger });
    await store.open();
    await store.adopt(0);
    nowMs = 0;
    held = new State();
    for (let i = 0; i < NODES; i++) {
      const name = `n${String(i)}`;
      held.load('node', { ...aNode(name), createRevision: i + 1, modifyRevision: i + 1 }, name);
    }
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  async function loaded(): Promise<State> {
    const state = new State();
    for await (const items of (await store.snapshot(AbortSignal.timeout(5000))).items)
      for (const item of items) {
        if (item.kind !== 'record') continue;
        const { table, key, value } = decodeRecord(item.record);
        if (value !== undefined) state.load(table, value, key);
      }
    return state;
  }
  /** The store as a node sees it that stands still after `commits` of its writes. */
  function stopping(commits: number): { still: Store; goOn: () => void; stopped: Promise<void> } {
    let goOn: () => void = () => undefined;
    let stop: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    let sent = 0;
    const commit = async (txn: Txn) => {
      if (++sent > commits) {
        stop();
        await held;
      }
      return store.commit(txn);
    };
    return { still: altered(store, { commit }), goOn, stopped };
  }
  const removal: Txn = {
    ...{ operation: 'x', compares: [], puts: [], touches: [], grants: [], revokes: [] },
    deletes: [{ table: 'node', key: 'n119' }],
  };

  it('is taken over where it stands still, and brings nothing back that was deleted since', async () => {
    const [one, other] = [new Refilling(clock), new Refilling(clock)];
    const { still, goOn, stopped } = stopping(60);
    const outcome = one.run(still, held, FRESH, logger).catch((error: unknown) => error);
    await stopped;
    expect(other.mustWait(await loaded(), held)).to.equal(true);
    nowMs += 5000;
    await other.run(store, held, OTHER, logger);
    expect(other.mustWait(await loaded(), held), 'it may only be slow').to.equal(true);
    nowMs += 6000;
    await other.run(store, held, OTHER, logger);
    const now = await loaded();
    expect(other.mustWait(now, held)).to.equal(false);
    expect(now.nodes.size).to.equal(NODES);
    await store.commit(removal);
    goOn();
    expect(await outcome).to.have.property('code', 'gap');
    expect((await loaded()).nodes.has('n119')).to.equal(false);
    await one.run(store, held, OTHER, logger);
    expect((await loaded()).nodes.has('n119')).to.equal(false);
  });

  it('is left to who makes progress, however long it takes', async () => {
    const [one, other] = [new Refilling(clock), new Refilling(clock)];
    let sent = 0;
    let waits = true;
    const slow = altered(store, {
      commit: async (txn) => {
        nowMs += 100;
        const result = await store.commit(txn);
        if (++sent % 50 === 0) {
          await other.run(store, held, OTHER, logger);
          waits &&= other.mustWait(await loaded(), held);
        }
        return result;
      },
    });
    await one.run(slow, held, FRESH, logger);
    expect(waits).to.equal(true);
    expect(nowMs).to.be.above(12_000);
    expect((await loaded()).nodes.size).to.equal(NODES);
  });
});
