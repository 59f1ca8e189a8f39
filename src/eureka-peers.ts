import type { Logger } from './platform/logger.ts';
import type { Random } from './platform/random.ts';
import type { EurekaDialect } from './protocols/eureka/index.ts';
import { repeat } from './runtime/index.ts';

/** As often as Eureka's own servers tell each other. */
const INTERVAL_MS = 500;

interface Deps {
  readonly senders: EurekaDialect['peerSenders'];
  /** Whether this node is the one that sends. */
  readonly leads: () => boolean;
  readonly logger: Logger;
  readonly random: Random;
}

/** Tells old Eureka servers of changes until it is stopped. */
export function startEurekaPeers({ senders, leads, logger, random }: Deps): { stop(): Promise<void> } {
  const running = senders.map((sender) =>
    repeat(() => sender.send(leads()), {
      name: `replication to the Eureka server ${sender.name}`,
      intervalMs: INTERVAL_MS,
      logger,
      random,
    }),
  );
  return {
    stop: async () => {
      for (const sender of senders) sender.close();
      await Promise.all(running.map((each) => each.stop()));
    },
  };
}
