import type { Scenario } from '../harness/scenario.ts';
import { LINK_FAULTS } from './links.ts';
import { LOAD_FAULTS } from './load.ts';
import { NODE_FAULTS } from './nodes.ts';
import { REDIS_FAULTS } from './redis.ts';
import { REFUSAL_FAULTS } from './refusals.ts';
import { SENTINEL_FAULTS } from './sentinel.ts';
import { UPGRADE_FAULTS } from './upgrade.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...NODE_FAULTS,
  ...REDIS_FAULTS,
  ...SENTINEL_FAULTS,
  ...LINK_FAULTS,
  ...REFUSAL_FAULTS,
  ...UPGRADE_FAULTS,
  ...LOAD_FAULTS,
];
