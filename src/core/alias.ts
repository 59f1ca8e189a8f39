import type { Alias, Check, CheckStatus } from './catalog.ts';
import { worstStatus } from './check-status.ts';
import { checkKey, instanceKey } from './ids.ts';
import type { State } from './state.ts';

const MEMBERSHIP_CHECK = 'serfHealth';
/** Two checks that repeat each other would make their outputs longer for ever. */
const MAX_OUTPUT_LENGTH = 4096;

export interface Repeated {
  readonly status: CheckStatus;
  readonly output: string;
}

/**
 * What an alias check says now: the worst of its target's checks and of the target's node.
 *
 * Critical when the target is not there. Node-level checks that are aliases themselves do not count: they may repeat
 * the very same target.
 */
export function aliasedStatus(state: State, check: Check, alias: Alias): Repeated {
  const { node, instanceId } = alias;
  if (state.node(node) === undefined) return missing(`Node ${node} could not be found`);
  if (instanceId !== '' && !state.instances.has(instanceKey(node, instanceId)))
    return missing(`Service ${instanceId} could not be found on node ${node}`);
  const self = checkKey(check.node, check.id);
  const own = instanceId === '' ? [] : [...state.checksOf(node, instanceId).values()];
  const counted = [...nodeChecks(state, alias), ...own]
    .filter((each) => checkKey(each.node, each.id) !== self)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  if (counted.length === 0) return { status: 'passing', output: 'No checks found.' };
  const status = worstStatus(counted);
  const worst = status === 'passing' ? undefined : counted.find((each) => each.status === status);
  if (worst === undefined) return { status, output: 'All checks passing.' };
  const output = `Aliased check ${JSON.stringify(worst.name)} failing: ${worst.output}`;
  return { status, output: output.slice(0, MAX_OUTPUT_LENGTH) };
}

function nodeChecks(state: State, { node, withMembership }: Alias): Check[] {
  return [...state.checksOf(node, '').values()].filter(
    ({ id, source }) => source.kind !== 'alias' && (withMembership || id !== MEMBERSHIP_CHECK),
  );
}

function missing(output: string): Repeated {
  return { status: 'critical', output };
}
