// Loaded into a process under test. On a message {probe: 'memory'} it collects garbage and reports what is left, in
// bytes; on {probe: 'stall'} how long its event loop was held at most since the last such message, in ms.
import { monitorEventLoopDelay } from 'node:perf_hooks';

let delay;
process.on('message', ({ probe }) => {
  if (probe === 'memory') {
    globalThis.gc();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send({ rss, heapUsed, external });
    // The collection is no stall of the program's own making.
    if (delay !== undefined) setTimeout(() => delay.reset(), 20);
  }
  if (probe === 'stall') {
    process.send({ stallMs: (delay?.max ?? 0) / 1e6 });
    delay ??= monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    delay.reset();
  }
});
process.channel?.unref();
