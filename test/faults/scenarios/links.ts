import { setTimeout as sleep } from 'node:timers/promises';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { underLoad, type Scenario } from '../harness/scenario.ts';

/** What is done to the line between one node and Redis, and undone. */
const BROKEN_LINES: readonly {
  readonly id: string;
  readonly title: string;
  readonly forMs: number;
  readonly begin: (line: TcpProxy) => void;
  readonly end: (line: TcpProxy) => void;
}[] = [
  {
    id: 'F10',
    title: 'the network between a node and Redis is gone for 4 s',
    forMs: 4000,
    begin: (line) => line.freeze(),
    end: (line) => line.thaw(),
  },
  {
    id: 'F10b',
    title: "a node's connections to Redis die without a word",
    forMs: 4000,
    begin: (line) => line.strand(),
    end: () => undefined,
  },
  {
    id: 'F10c',
    title: 'the replies of Redis to a node are lost for 4 s, then everything is cut',
    forMs: 4000,
    begin: (line) => line.loseReplies(true),
    end: (line) => {
      line.loseReplies(false);
      line.cut();
    },
  },
  {
    id: 'F10d',
    title: "a node's connections to Redis are reset again and again",
    forMs: 3000,
    begin: (line) => {
      for (let at = 0; at < 3000; at += 300) setTimeout(() => line.reset(), at);
    },
    end: () => undefined,
  },
  {
    id: 'F10e',
    title: 'what a node takes for Redis accepts and hangs up for 4 s',
    forMs: 4000,
    begin: (line) => line.hangUp(true),
    end: (line) => line.hangUp(false),
  },
  {
    id: 'F11',
    title: 'Redis is 50 ms away from a node',
    forMs: 4000,
    begin: (line) => line.delay(25),
    end: (line) => line.delay(0),
  },
  {
    id: 'F11b',
    title: 'Redis is 500 ms away from a node',
    forMs: 5000,
    begin: (line) => line.delay(250),
    end: (line) => line.delay(0),
  },
];

const BUSY_SCRIPT = `
  local function now() local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000) end
  local until_ms = now() + 2500
  while now() < until_ms do end
  return 1`;

export const LINK_FAULTS: readonly Scenario[] = [
  ...BROKEN_LINES.map(({ id, title, forMs, begin, end }) =>
    underLoad({
      id,
      title,
      allowance: { writeGapMs: 15_000 },
      inject: async ({ cluster: { proxies } }) => {
        const [line] = proxies;
        if (line === undefined) throw new Error('no line');
        begin(line);
        await sleep(forMs);
        end(line);
        return undefined;
      },
    }),
  ),
  underLoad({
    id: 'F11c',
    title: 'Redis is busy with a script, then pauses its clients',
    allowance: { writeGapMs: 15_000 },
    inject: async ({ cluster: { redis }, workload: { history } }) => {
      await history.fault('busy script', async () => redis.call('EVAL', BUSY_SCRIPT, 0));
      await sleep(1500);
      await history.fault('client pause', async () => {
        await redis.call('CLIENT', 'PAUSE', 2500, 'ALL');
        await sleep(2500);
      });
      return undefined;
    },
  }),
];
