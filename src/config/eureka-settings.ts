import type { SettingSpec } from './setting.ts';

/** The settings of Eureka's API. */
export const EUREKA_SETTINGS = [
  {
    key: 'eurekaDoubleLease',
    type: 'boolean',
    default: 'false',
    description:
      "Whether an Eureka instance is evicted only after twice its lease's duration without a heartbeat, as by Netflix's server; the same on every node.",
  },
  {
    key: 'eurekaReplicateTo',
    type: 'list',
    item: isHttpUrl,
    expects: 'base URLs such as http://eureka-1:8761/eureka',
    default: '',
    defaultText: 'none',
    secret: true,
    description:
      'Old Eureka servers that are told what is registered here, such as `http://user:password@eureka-1:8761/eureka`; the same on every node.',
  },
] as const satisfies readonly SettingSpec[];

function isHttpUrl(text: string): boolean {
  try {
    const { username, password } = new URL(text);
    // Both are decoded before they are sent.
    decodeURIComponent(username + password);
  } catch {
    return false;
  }
  return /^https?:\/\/[^?#]+$/.test(text);
}
