// Loaded into a process under test: on any message it tells the most CPU time in ms that went by between two turns
// of the event loop since the last one. CPU time, because on a busy machine others hold a process up as well.
let longestMs = 0;
let last = process.cpuUsage();
setInterval(() => {
  const { user, system } = process.cpuUsage(last);
  last = process.cpuUsage();
  longestMs = Math.max(longestMs, (user + system) / 1000);
}, 1).unref();
process.on('message', () => {
  process.send({ stallMs: longestMs });
  longestMs = 0;
});
process.channel?.unref();
