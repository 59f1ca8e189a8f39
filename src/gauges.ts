import type { Admission } from './http/index.ts';
import type { Metrics } from './platform/metrics.ts';
import type { Registry } from './registry/index.ts';

/** Adds what a registry node knows about itself to its metrics. */
export function observeRegistry(metrics: Metrics, registry: Registry): void {
  const status = () => registry.status();
  metrics.observe({
    rollcall_revision: { help: 'Revision of the last commit this node has.', value: () => status().revision },
    rollcall_view_age_seconds: {
      help: 'Time since the store confirmed this view.',
      value: () => status().ageMs / 1000,
    },
    rollcall_store_available: {
      help: '1 while the store answers.',
      value: () => Number(status().storeAvailable),
    },
    rollcall_lost_revisions_total: {
      help: 'Acknowledged revisions the store has lost.',
      value: () => status().lostRevisions,
    },
    rollcall_waiters: { help: 'Open blocking reads.', value: () => status().waiters },
    rollcall_instances: { help: 'Registered instances.', value: () => registry.state.instances.size },
  });
  observeProtection(metrics, registry);
}

/** Adds how many registrations have been put off to the metrics. */
export function observeAdmission(metrics: Metrics, admission: Admission): void {
  metrics.observe({
    rollcall_registrations_refused_total: {
      help: 'Registrations that were told to come back later.',
      value: () => admission.refused,
    },
  });
}

function observeProtection(metrics: Metrics, { protection, condition }: Registry): void {
  metrics.observe({
    rollcall_protection_active: {
      help: '1 while leases are spared although they have run out.',
      value: () => Number(protection.status().active),
    },
    rollcall_protection_held: {
      help: 'Leases that are spared by self-preservation.',
      value: () => protection.status().held,
    },
    rollcall_leases: {
      help: 'Checks that live by heartbeats, without those of registry nodes.',
      value: () => protection.status().leases,
    },
    rollcall_eviction_budget: {
      help: 'Leases that may run out in a window before self-preservation begins.',
      value: () => protection.status().budget,
    },
    rollcall_stalls_total: {
      help: 'Times the event loop stood still for more than a second.',
      value: () => condition.status().stalls,
    },
    rollcall_stalled: {
      help: '1 while verdicts of this node are withheld after a standstill.',
      value: () => Number(condition.status().stalled),
    },
    rollcall_suspect: {
      help: '1 while other nodes run the checks of this one, because most of them failed at once.',
      value: () => Number(condition.status().suspect),
    },
  });
}
