import {
  checkKey,
  maintenanceCheckId,
  type Check,
  type CheckRegistration,
  type Instance,
  type Registration,
  type State,
} from '../../core/index.ts';
import { isStatus, type InstanceInfo, type InstanceStatus } from './instance-info.ts';

const EXTENSION = 'eureka';

/** A status set from outside, and whether a peer said so. */
interface Override {
  readonly status: InstanceStatus;
  readonly replicated: boolean;
}

interface OverrideFields {
  readonly status: InstanceStatus;
  readonly replicated: boolean;
}

type Statuses = Pick<InstanceInfo, 'status' | 'ownStatus' | 'overriddenStatus'>;

/**
 * What an instance that registered through Eureka says, with what its maintenance says: an override to
 * `OUT_OF_SERVICE` and Consul's maintenance are one thing, whichever side began or ended it.
 */
export function withMaintenance<T extends Statuses>(state: State, instance: Instance, fields: T): T {
  const isOut = maintenanceOf(state, instance) !== undefined;
  if (isOut === (fields.overriddenStatus === 'OUT_OF_SERVICE')) return fields;
  const { status, ownStatus } = fields;
  if (!isOut) {
    return {
      ...fields,
      overriddenStatus: 'UNKNOWN',
      status: status === 'OUT_OF_SERVICE' ? ownStatus : status,
    };
  }
  const shown = status === 'UP' ? 'OUT_OF_SERVICE' : status;
  return { ...fields, overriddenStatus: 'OUT_OF_SERVICE', status: shown };
}

/** What has been set on an instance that registered elsewhere; undefined where nothing has. */
export function overrideElsewhere(state: State, instance: Instance): Override | undefined {
  const maintenance = maintenanceOf(state, instance);
  if (maintenance !== undefined) {
    return { status: 'OUT_OF_SERVICE', replicated: fieldsOf(maintenance)?.replicated === true };
  }
  const check = state.checks.get(checkKey(instance.node, overrideCheckId(instance.id)));
  const fields = check && fieldsOf(check);
  return fields !== undefined && isStatus(fields.status) ? fields : undefined;
}

/** The checks that an override adds to an instance and takes from it; `UP` and undefined take both. */
export function overrideChecks(
  state: State,
  { node, id }: Instance,
  override: Override | undefined,
): Pick<Registration, 'checks' | 'dropsChecks'> {
  const ids = { maintenance: maintenanceCheckId(id), override: overrideCheckId(id) };
  const wanted = override === undefined || override.status === 'UP' ? undefined : override;
  const kept = wanted?.status === 'OUT_OF_SERVICE' ? ids.maintenance : ids.override;
  const dropped = [ids.maintenance, ids.override].filter((each) => wanted === undefined || each !== kept);
  const isHeld = kept === ids.maintenance && maintenanceOf(state, { node, id }) !== undefined;
  const check: CheckRegistration | undefined = wanted && {
    node,
    id: kept,
    instanceId: id,
    name: kept === ids.maintenance ? 'Service Maintenance Mode' : 'Eureka status override',
    status: 'critical',
    output: `Eureka status ${wanted.status}`,
    notes: "Set through Eureka's API",
    source: { kind: 'external' },
    deregisterAfterMs: 0,
    overwriteStatus: true,
    extensions: { [EXTENSION]: { status: wanted.status, replicated: wanted.replicated } },
  };
  return {
    checks: check === undefined || isHeld ? [] : [check],
    dropsChecks: dropped.map((each) => ({ node, id: each })),
  };
}

function overrideCheckId(instanceId: string): string {
  return `eureka:override:${instanceId}`;
}

function maintenanceOf(state: State, { node, id }: Pick<Instance, 'node' | 'id'>): Check | undefined {
  const check = state.checks.get(checkKey(node, maintenanceCheckId(id)));
  return check?.status === 'critical' ? check : undefined;
}

function fieldsOf({ extensions }: Check): OverrideFields | undefined {
  return extensions?.[EXTENSION] as OverrideFields | undefined;
}
