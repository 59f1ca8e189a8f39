import type { StringMap } from '../core/index.ts';
import type { Hash64 } from '../core/ring/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Registry } from '../registry/index.ts';
import { AliasFollower } from './checks/aliases.ts';
import { Assignment, MEMBERSHIP_TTL_MS } from './checks/assignment.ts';
import { CheckRunner } from './checks/runner.ts';
import { Housekeeping, type BackupPlan } from './housekeeping.ts';
import { LeaseSweeper } from './lease-sweeper.ts';
import { Membership } from './membership.ts';
import { startNodeReporter } from './node-reporter.ts';
import { startRestoreResumer } from './restore-resumer.ts';
import { Watchdog } from './watchdog.ts';

export type { BackupPlan } from './housekeeping.ts';
export { Calendar } from './housekeeping-calendar.ts';
export { repeat } from './repeat.ts';

export interface RuntimeDeps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly hash64: Hash64;
  readonly logger: Logger;
  /** Where this node serves HTTP, for its record in the catalog. */
  readonly httpPort: number;
  /** Metadata of this node and of the agent's in the catalog; default: none. */
  readonly nodeMeta?: StringMap;
  /** Whether checks may run programs on this node; default false. */
  readonly scriptChecks?: boolean;
  /** Default: no backups. */
  readonly backup?: BackupPlan | undefined;
}

/** What a registry node does by itself, behind the requests it answers. */
export interface Runtime {
  /** Whether this node was the one that ends leases a moment ago; one node does. */
  leads(): boolean;
  /** Ends all of it and leaves the catalog; takes a few seconds at most. */
  stop(): Promise<void>;
}

/** Starts everything; resolves once this node is in the catalog, or a first attempt at that has failed. */
export async function startRuntime(deps: RuntimeDeps): Promise<Runtime> {
  const { registry, clock, random, hash64, logger, httpPort, scriptChecks = false } = deps;
  const sweeper = new LeaseSweeper({ registry, random, logger });
  const { nodeMeta = {} } = deps;
  const membership = new Membership({ registry, random, logger, httpPort, nodeMeta });
  const assignment = new Assignment(registry, hash64);
  const announce = () => void membership.announce();
  const checks = new CheckRunner({
    registry,
    assignment,
    clock,
    random,
    logger,
    scriptChecks,
    onSuspect: announce,
  });
  const watchdog = new Watchdog({ registry, logger, leaseMs: MEMBERSHIP_TTL_MS, onAway: announce });
  const aliases = new AliasFollower({
    registry,
    assignment: new Assignment(registry, hash64),
    clock,
    logger,
  });
  const housekeeping = new Housekeeping({
    registry,
    clock,
    logger,
    leads: () => sweeper.leads,
    backup: deps.backup,
  });
  const report = () => ({
    roles: sweeper.leads ? (['sweeper', 'housekeeper'] as const) : [],
    checks: checks.size,
    lostRevisions: registry.status().lostRevisions,
  });
  watchdog.start();
  sweeper.start();
  await membership.start();
  checks.start();
  aliases.start();
  housekeeping.start();
  const restores = startRestoreResumer({ registry, random, logger, leads: () => sweeper.leads });
  const reporter = startNodeReporter({ registry, random, logger, report });
  return {
    leads: () => sweeper.leads,
    stop: async () => {
      watchdog.stop();
      await Promise.all([
        checks.stop(),
        aliases.stop(),
        sweeper.stop(),
        housekeeping.stop(),
        restores.stop(),
        reporter.stop(),
      ]);
      await membership.stop();
    },
  };
}
