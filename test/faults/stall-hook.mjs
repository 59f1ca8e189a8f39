// Loaded into a registry node by --import: SIGUSR2 stalls its event loop for two seconds, as a long task would.
process.on('SIGUSR2', () => {
  const until = performance.now() + 2000;
  while (performance.now() < until);
});
