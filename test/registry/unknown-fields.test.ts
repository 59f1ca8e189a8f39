import { expect } from 'chai';
import { keyOf, leasesOfRecord, type Table } from '../../src/core/index.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

const SESSION = '00000000-0000-4000-8000-000000000001';
const KEY = { key: 'a', flags: '0', lockIndex: 1, session: SESSION };
const CHECK = {
  node: 'n1',
  id: 'service:web',
  name: 'web',
  instanceId: '',
  status: 'critical',
  output: '',
  notes: '',
  source: { kind: 'ttl', ttlMs: 60_000 },
  deregisterAfterMs: 0,
};

/** Records to which only a later version adds a field. */
const RECORDS: readonly { readonly table: Table; readonly line: object; readonly body?: string }[] = [
  { table: 'node', line: { name: 'n1', id: '', address: '10.0.0.1' } },
  { table: 'check', line: CHECK },
  {
    table: 'session',
    line: { id: SESSION, name: '', node: 'n1', lockDelayMs: 0, behavior: 'release', ttlMs: 0, checks: [] },
  },
  { table: 'kv', line: KEY, body: '\nvalue' },
];

describe('fields of a later version', () => {
  let test: TestRegistry;
  beforeEach(async () => {
    test = await startRegistry();
    await test.store.commit({
      operation: 'later',
      compares: [],
      puts: RECORDS.map(({ table, line, body = '' }) => ({
        table,
        key: keyOf(table, line as never),
        value: bytes(`${JSON.stringify({ ...line, later: 'kept', format: 2 })}${body}`),
        createRevision: 0,
      })),
      deletes: [],
      touches: [],
      grants: leasesOfRecord('check', CHECK as never),
      revokes: [],
    });
    await eventually(() => test.view.state.revision === 1, 'the view has them');
  });
  afterEach(async () => {
    await test.stop();
  });

  /** The line of a record that the store holds now. */
  async function stored(table: Table, key: string): Promise<unknown> {
    const { items } = await test.store.snapshot(AbortSignal.timeout(5000));
    for await (const page of items)
      for (const item of page)
        if (item.kind === 'record' && item.record.table === table && item.record.key === key)
          return JSON.parse(new TextDecoder().decode(item.record.value).split('\n')[0] ?? '');
    return undefined;
  }

  it('are still there after a heartbeat changed the status of a check', async () => {
    await test.registry.health.heartbeat('n1', 'service:web', 'passing', 'fine');
    await eventually(async () => {
      const check = (await stored('check', keyOf('check', CHECK as never))) as Record<string, unknown>;
      return check['status'] === 'passing' && check['later'] === 'kept';
    }, 'a passing check that kept its field');
  });

  it('are still there after a key lost its lock', async () => {
    await test.registry.sessions.destroy(SESSION);
    expect(await stored('kv', 'a')).to.deep.equal({
      key: 'a',
      flags: '0',
      lockIndex: 1,
      later: 'kept',
      format: 1,
    });
  });
});
