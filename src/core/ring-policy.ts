import { DEFAULT_POLICY, type RingPolicy } from './ring/index.ts';

/** How the ring of one service is made of its instances. */
export interface ServicePolicy {
  readonly service: string;
  /** The algorithm and its parameters. */
  readonly placement: RingPolicy;
  /** Metadata of an instance that is its hash key; '' and instances without it: `host:port`. */
  readonly hashKeyMeta: string;
  /** Metadata of an instance, else of its node, that names its zone; '': there are no zones. */
  readonly zoneMeta: string;
  /** How long after a change of the ring lookups name the previous owner too; 0: never. */
  readonly handOverMs: number;
  /** What one instance may be given of bounded load, in percent of the average; 100 to 1,000. */
  readonly loadFactorPercent: number;
}

/** What a service has that nobody gave a policy. */
export const DEFAULT_SERVICE_POLICY: Omit<ServicePolicy, 'service'> = Object.freeze({
  placement: DEFAULT_POLICY,
  hashKeyMeta: '',
  zoneMeta: '',
  handOverMs: 0,
  loadFactorPercent: 125,
});

/** The key of a service's policy: names compare without case. */
export function ringPolicyKey(service: string): string {
  return service.toLowerCase();
}
