import type { SettingSpec } from './setting.ts';

const DAY_MS = 86_400_000;

/** Settings of self-preservation and of herds. */
export const PROTECTION_SETTINGS = [
  {
    key: 'protection',
    type: 'boolean',
    default: 'true',
    description:
      'Whether instances are kept, with a reason, where too many stop their heartbeats at once (self-preservation).',
  },
  {
    key: 'evictionBudgetPercent',
    type: 'integer',
    min: 1,
    max: 100,
    default: '15',
    description: 'Share of the catalog, in percent, that may run out in a window before that begins.',
  },
  {
    key: 'evictionBudgetMin',
    type: 'integer',
    min: 1,
    max: 1_000_000,
    default: '3',
    description: 'How many may run out in a window however small the catalog is.',
  },
  {
    key: 'evictionWindow',
    type: 'duration',
    min: 1000,
    max: DAY_MS,
    default: '1m',
    description: 'Length of that window.',
  },
  {
    key: 'protectionMax',
    type: 'duration',
    min: 1000,
    max: DAY_MS,
    default: '10m',
    description: 'Self-preservation ends by itself after this.',
  },
  {
    key: 'protectionProbes',
    type: 'boolean',
    default: 'true',
    description:
      'Whether the registry connects to the address and port of instances in doubt and drops those that refuse.',
  },
  {
    key: 'registrationRate',
    type: 'integer',
    min: 0,
    max: 1_000_000,
    default: '5000',
    description:
      'Most registrations per second that this node lets in, after a burst of twice as many; 0 lets all of them in.',
  },
] as const satisfies readonly SettingSpec[];
