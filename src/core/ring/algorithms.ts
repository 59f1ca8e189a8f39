import type { Algorithm } from './algorithm.ts';
import { boundedRing } from './bounded-ring.ts';
import { kargerRing } from './karger-ring.ts';
import { haproxyConsistent } from './haproxy-consistent.ts';
import type { Hashes } from './hashes.ts';
import { jump } from './jump.ts';
import { libketama, libmemcachedKetama, twemproxyKetama } from './ketama.ts';
import { maglev } from './maglev.ts';
import { murmur2 } from './murmur2.ts';
import { nginxConsistent } from './nginx-consistent.ts';
import type { RingPolicy } from './policy.ts';
import { proportionalCircle } from './proportional-circle.ts';
import { rendezvous } from './rendezvous.ts';

/** The algorithm of a policy, its parameters checked. */
export function algorithmOf(policy: RingPolicy, hashes: Hashes): Algorithm {
  const { xxh64 } = hashes;
  switch (policy.algorithm) {
    case 'ring':
      return kargerRing(policy.pointsPerWeight, xxh64);
    case 'bounded-ring':
      return boundedRing(policy, xxh64);
    case 'maglev':
      return maglev(policy.tableSize, hashes);
    case 'rendezvous':
      return rendezvous(xxh64);
    case 'envoy-ring-hash':
      return proportionalCircle({
        minimumSize: policy.minimumRingSize,
        maximumSize: policy.maximumRingSize,
        keyHash: xxh64,
        pointHash: policy.hashFunction === 'murmur2' ? murmur2 : xxh64,
      });
    case 'grpc-ring-hash':
      return proportionalCircle({
        minimumSize: policy.minRingSize,
        maximumSize: policy.maxRingSize,
        keyHash: xxh64,
        pointHash: xxh64,
      });
    case 'nginx-consistent':
      return nginxConsistent();
    case 'ketama':
      return policy.variant === 'libketama' ? libketama(hashes) : libmemcachedKetama();
    case 'twemproxy-ketama':
      return twemproxyKetama(hashes);
    case 'haproxy-consistent':
      return haproxyConsistent(policy);
    case 'jump':
      return jump(xxh64);
  }
}
