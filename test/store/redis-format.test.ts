import { expect } from 'chai';
import { decodeFrame, encodeTxn } from '../../src/store/redis/frame.ts';
import { decodeLog } from '../../src/store/redis/reply.ts';
import { StoreError } from '../../src/store/store.ts';
import { decodeCommit } from '../../src/view/codec.ts';
import { RedisServer, requireRedis } from '../support/redis-server.ts';
import { closeStores, openStore } from './redis-harness.ts';

/** As version 0.1.0 wrote it: two puts, a delete and a touched topic. */
const PINNED = Buffer.from(
  '000000046f702d310000000204000000000000000000000003612f62000000357b226b6579223a22612f62222c22666c616773223a' +
    '2237222c226c6f636b496e646578223a302c22666f726d6174223a317d0a7631014008000000000000000000026e31000000357b' +
    '226e616d65223a226e31222c226964223a22222c2261646472657373223a2231302e302e302e31222c22666f726d6174223a317d' +
    '0000000103000000046e312f6300000001000000056e6f646573',
  'hex',
);

const entry = (...fields: (string | Buffer)[]) => [
  [Buffer.from('log'), [[Buffer.from('5-0'), fields.map((field) => Buffer.from(field))]]],
];

describe('what a node of another version wrote', function () {
  this.timeout(30_000);
  let redis: RedisServer | undefined;
  before(async function () {
    requireRedis(this);
    redis = await RedisServer.start();
  });
  after(async () => {
    await closeStores();
    await redis?.stop();
  });

  it('is read where it is older, by the byte', () => {
    const [old] = decodeLog(entry('p', '4', 't', PINNED));
    expect(old).to.include({ revision: 5, previous: 4 });
    const { changes, ...commit } = decodeCommit(decodeFrame(old?.frames[0] ?? Buffer.alloc(0), 5));
    expect(commit).to.deep.equal({ revision: 5, operation: 'op-1', touches: ['nodes'] });
    expect(changes.map(({ table, key, value }) => ({ table, key, ...value }))).to.deep.equal([
      {
        table: 'kv',
        key: 'a/b',
        value: new TextEncoder().encode('v1'),
        flags: '7',
        lockIndex: 0,
        createRevision: 5,
        modifyRevision: 5,
      },
      {
        table: 'node',
        key: 'n1',
        name: 'n1',
        id: '',
        address: '10.0.0.1',
        createRevision: 3,
        modifyRevision: 5,
      },
      { table: 'check', key: 'n1/c' },
    ]);
  });

  it('is written as it ever was, so that older nodes read it', () => {
    const { puts, deletes, ...rest } = decodeFrame(PINNED, 5);
    const created = puts.map(({ createRevision, ...put }) => ({
      ...put,
      createRevision: createRevision === 5 ? 0 : createRevision,
    }));
    const { frame } = encodeTxn({ ...rest, puts: created, deletes, compares: [], grants: [], revokes: [] });
    expect(frame.toString('hex')).to.equal(PINNED.toString('hex'));
  });

  it('is passed over where it concerns tables that this version does not have', () => {
    const newer = Buffer.from(PINNED);
    // The tables of the second put and of the delete.
    newer[PINNED.indexOf(Buffer.from([1, 0x40, 8]))] = 200;
    newer[PINNED.indexOf(Buffer.from([3, 0, 0, 0, 4, 0x6e]))] = 201;
    const { puts, deletes, touches } = decodeFrame(newer, 5);
    expect(puts.map(({ key }) => key)).to.deep.equal(['a/b']);
    expect(deletes).to.deep.equal([]);
    expect(touches).to.deep.equal(['nodes']);
  });

  it('may have fields that this version does not know, and says its layout', async () => {
    const store = await openStore(redis?.url ?? '');
    await store.commit({
      operation: 'op',
      compares: [],
      puts: [{ table: 'kv', key: 'a', value: new Uint8Array([123, 125, 10]), createRevision: 0 }],
      deletes: [],
      touches: [],
      grants: [],
      revokes: [],
    });
    const [[, fields]] = (await redis?.call('XRANGE', '{rollcall}:log', '-', '+')) as [[string, string[]]];
    expect(fields.slice(0, 4)).to.deep.equal(['v', '1', 'p', '0']);
    expect(decodeLog(entry('v', '1', 'p', '4', 'later', 'x', 't', PINNED))).to.have.length(1);
  });

  it('is refused, in clear words, where its layout is another one', () => {
    expect(() => decodeLog(entry('v', '2', 'p', '4', 't', PINNED)))
      .to.throw(StoreError)
      .with.property('message', 'unexpected reply of Redis: the log has layout 2, this node knows 1');
  });
});
