// Loaded into a process under test: on any message it tells how long the event loop was held at most since
// the last one, then collects garbage and reports the resident set in bytes.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('message', () => {
  const stallMs = delay.max / 1e6;
  globalThis.gc();
  process.send({ rss: process.memoryUsage().rss, stallMs });
  // The collection itself is no stall of the program's own making.
  setTimeout(() => delay.reset(), 20);
});
process.channel?.unref();
