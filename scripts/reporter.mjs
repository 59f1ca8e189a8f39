import { writeFileSync } from 'node:fs';
import mocha from 'mocha';

/** How long the process may live on after its last test before that counts as a leak. */
const LEAK_GRACE_MS = 15_000;

/** Mocha's `spec` reporter; it also writes the counts to the file in its option `results`, for test.mjs. */
export default class Reporter extends mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skippedSuites = new Set();
    runner.on('pending', (test) => skippedSuites.add(test.titlePath()[0]));
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats;
      const results = {
        passed: passes,
        failed: failures,
        skipped: pending,
        skippedSuites: [...skippedSuites],
      };
      writeFileSync(options.reporterOptions.results, JSON.stringify(results));
      setTimeout(reportLeak, LEAK_GRACE_MS).unref();
    });
  }
}

/** Runs only where something keeps the process alive, for the timer alone does not. */
function reportLeak() {
  const alive = process.getActiveResourcesInfo().join(', ');
  console.error(`The tests have ended but the process has not; something was not closed: ${alive}`);
  // After mocha's own listener, which would put its count of failures there.
  process.on('exit', () => (process.exitCode = 1));
  process.exit();
}
