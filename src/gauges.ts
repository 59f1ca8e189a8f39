import type { Admission } from './http/index.ts';
import type { Metrics } from './platform/metrics.ts';
import type { JobRun, Registry } from './registry/index.ts';

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
  observeJobs(metrics, registry);
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

/** What the catalog says of the last runs, so each node shows the same. */
function observeJobs(metrics: Metrics, { jobs }: Registry): void {
  const each = (help: string, value: (job: JobRun) => number | undefined) => ({
    help,
    label: 'job',
    values: () =>
      new Map(
        jobs.list().flatMap((job) => {
          const now = value(job);
          return now === undefined ? [] : [[job.name, now] as const];
        }),
      ),
  });
  const seconds = (time: string | undefined) => (time === undefined ? undefined : Date.parse(time) / 1000);
  metrics.observeLabelled({
    rollcall_job_last_run_timestamp_seconds: each('When a job last had something to do.', (job) =>
      seconds(job.lastRunAt),
    ),
    rollcall_job_last_success_timestamp_seconds: each('When a job last succeeded.', (job) =>
      seconds(job.lastSuccessAt),
    ),
    rollcall_job_duration_seconds: each('How long its last run took.', (job) => job.durationMs / 1000),
    rollcall_job_failures: each('How often it has failed since it last succeeded.', (job) => job.failures),
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
