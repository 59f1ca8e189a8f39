import {
  checkKey,
  isMaintenance,
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

type Statuses = Pick<InstanceInfo, 'status' | 'ownStatus' | 'overriddenStatus'>;

/** What the checks of an instance and of its node say. */
interface Conditions {
  readonly health: InstanceStatus;
  /** What has been set on the instance itself; undefined where nothing has. */
  readonly override: Override | undefined;
}

/** In one pass, for it is asked of every instance of every listing. */
export function conditionsOf(state: State, { node, id }: Instance): Conditions {
  let health: InstanceStatus = 'UP';
  let override: Override | undefined;
  for (const check of state.checksOf(node, id).values()) {
    if (check.status !== 'critical') continue;
    const isOut = isMaintenance(check);
    if (isOut) health = 'OUT_OF_SERVICE';
    else if (health === 'UP') health = 'DOWN';
    if (isOut || (override === undefined && check.id === overrideCheckId(id)))
      override = overrideOf(check, isOut);
  }
  for (const check of state.checksOf(node, '').values()) {
    if (check.status !== 'critical') continue;
    if (isMaintenance(check)) health = 'OUT_OF_SERVICE';
    else if (health === 'UP') health = 'DOWN';
  }
  return { health, override };
}

/**
 * What an instance that registered through Eureka says, with what its maintenance says: an override to
 * `OUT_OF_SERVICE` and Consul's maintenance are one thing, whichever side began or ended it.
 */
export function withMaintenance<T extends Statuses>(fields: T, isOut: boolean): T {
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
  const isHeld = kept === ids.maintenance && isInMaintenance(state, { node, id });
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

/** Whether an instance itself is in maintenance, not its node. */
export function isInMaintenance(state: State, { node, id }: Pick<Instance, 'node' | 'id'>): boolean {
  return state.checks.get(checkKey(node, maintenanceCheckId(id)))?.status === 'critical';
}

/** A critical check that has lost its fields says what any other does. */
function overrideOf({ extensions }: Check, isOut: boolean): Override | undefined {
  const { status, replicated = false } = (extensions?.[EXTENSION] ?? {}) as Partial<Override>;
  if (isOut) return { status: 'OUT_OF_SERVICE', replicated };
  return isStatus(status) ? { status, replicated } : undefined;
}
