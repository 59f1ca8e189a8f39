import { type Algorithm, checkPointCount } from './algorithm.ts';
import { CRC32_START, crc32, crc32Update } from './crc32.ts';
import { type Member, weightOf } from './member.ts';
import { positions32 } from './numbered-points.ts';
import { changeOnCircle, placeOnCircle } from './placed-circle.ts';
import type { Pace, Steps } from './steps.ts';
import { utf8Bytes } from './utf8.ts';

const POINTS_PER_WEIGHT = 160;

/**
 * nginx's `hash KEY consistent`; the hash key is the server as the configuration writes it.
 *
 * Source: nginx/src/http/modules/ngx_http_upstream_hash_module.c, in turn made to agree with Perl's
 * Cache::Memcached::Fast. nginx gives up after 20 points that are down and goes round robin; this does not.
 */
export function nginxConsistent(): Algorithm {
  return {
    keyHash: (key, into) => {
      into[0] = crc32(utf8Bytes(key));
      into[1] = 0;
    },
    keyHashName: 'crc32',
    skipEqualsRebuild: true,
    place: (members) => {
      checkWeights(members);
      return placeOnCircle(members, chainedPoints);
    },
    change: (placement, change) => {
      checkWeights(change.after);
      return changeOnCircle(placement, change, chainedPoints);
    },
  };
}

function checkWeights(members: readonly Member[]): void {
  checkPointCount(members.reduce((sum, member) => sum + weightOf(member) * POINTS_PER_WEIGHT, 0));
}

/** Every point is the CRC-32 of the server and of the point before it. */
function chainedPoints(member: Member, _index: number, pace: Pace): Steps<Uint32Array> {
  const [host, port] = splitServer(member.hashKey);
  const base = crc32Update(CRC32_START, utf8Bytes(`${host}\0${port}`));
  let previous = 0;
  const nextPoint = () => {
    const bytes = [previous & 0xff, (previous >>> 8) & 0xff, (previous >>> 16) & 0xff, previous >>> 24];
    previous = ~crc32Update(base, bytes) >>> 0;
    return previous;
  };
  return positions32(weightOf(member) * POINTS_PER_WEIGHT, nextPoint, pace);
}

/** A port is digits after the last colon; the path of a Unix socket has none. */
function splitServer(server: string): [host: string, port: string] {
  if (/^unix:/i.test(server)) return [server.slice('unix:'.length), ''];
  const colon = server.lastIndexOf(':');
  const port = server.slice(colon + 1);
  return colon >= 0 && /^\d+$/.test(port) ? [server.slice(0, colon), port] : [server, ''];
}
