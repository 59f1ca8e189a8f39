// Load generator: registers instances with a TTL check and sends their heartbeats in bulk, each of them once per
// interval, those registered already while it registers the others.
//   million-load.ts <port> <instances> <TTL in s> <interval in s>
// On any message it tells how many are registered, and what it counted since the message before.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { largeCatalogInstance } from './catalog.ts';
import { send } from './http-request.ts';

const LANES = 64;
const PER_CALL = 100;
const TICK_MS = 10;
const MAX_OPEN_CALLS = 200;
const MAX_ATTEMPTS = 30;
const RETRY_MS = 500;

const [port = 0, instances = 0, ttlSeconds = 0, intervalSeconds = 0] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: 200 });
const registration = largeCatalogInstance(instances, ttlSeconds);

let registered = 0;
let counted = newCount();
let next = 0;
let owed = 0;
let lastTick = performance.now();
let openCalls = 0;
let repeated = 0;

function tick(): void {
  const now = performance.now();
  owed += ((now - lastTick) / 1000 / intervalSeconds) * registered;
  lastTick = now;
  for (; owed >= PER_CALL && registered >= PER_CALL && openCalls < MAX_OPEN_CALLS; owed -= PER_CALL)
    void renew();
}

/** Renews the next hundred in the order in which they were registered. */
async function renew(): Promise<void> {
  const ids: string[] = [];
  for (let i = 0; i < PER_CALL; i++, next = (next + 1) % registered)
    ids.push(`service:inst-${String(next).padStart(9, '0')}`);
  openCalls++;
  try {
    const body = JSON.stringify({ renewals: ids });
    const headers = { 'Content-Type': 'application/json' };
    const call = { method: 'POST', path: '/api/v1/renewals', headers, body } as const;
    const { bodyBase64 } = await send(port, call, 0, agent);
    const answer = JSON.parse(Buffer.from(bodyBase64, 'base64').toString()) as {
      readonly renewed: number;
      readonly refused: readonly unknown[];
    };
    counted.renewed += answer.renewed;
    counted.refused += answer.refused.length;
  } catch {
    counted.failed += PER_CALL;
  } finally {
    openCalls--;
  }
}

/** As a client would: a registration that has failed, or nobody knows whether, is sent again. */
async function register(n: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await send(port, registration, n, agent);
      return;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) throw error;
      repeated++;
      await sleep(RETRY_MS);
    }
  }
}

async function registerAll(): Promise<void> {
  const done = new Set<number>();
  let started = 0;
  const lane = async () => {
    while (started < instances) {
      const n = started++;
      await register(n);
      // Heartbeats go to those below, all of which are registered.
      done.add(n);
      while (done.delete(registered)) registered++;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

function newCount() {
  return { sinceMs: performance.now(), renewed: 0, refused: 0, failed: 0 };
}

process.on('message', () => {
  const { sinceMs, ...counts } = counted;
  process.send?.({ registered, repeated, seconds: (performance.now() - sinceMs) / 1000, ...counts });
  counted = newCount();
});
setInterval(tick, TICK_MS);
console.log('started');
await registerAll();
