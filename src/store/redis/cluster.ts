import { StoreError } from '../store.ts';
import type { Endpoint } from './address.ts';
import type { Sender } from './connection.ts';
import type { Sighting } from './locator.ts';
import { toNumber, toText } from './reply.ts';

interface Node {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly flags: readonly string[];
  /** Id of its primary, or `-`. */
  readonly primary: string;
  readonly epoch: number;
  readonly slots: readonly string[];
}

/** Asks one node of a Redis Cluster who owns the slot of a key. */
export async function askClusterNode(node: Sender, key: string): Promise<Sighting> {
  const [slot, listing] = await Promise.all([
    node.send('CLUSTER', ['KEYSLOT', key]).then(toNumber),
    node.send('CLUSTER', ['NODES']).then(toText),
  ]);
  const nodes = listing.split('\n').flatMap(toNode);
  const owner = nodes.find(({ slots }) => slots.some((range) => contains(range, slot)));
  if (owner === undefined) throw new StoreError('unavailable', `no node of the cluster owns slot ${slot}`);
  return {
    primary: owner.endpoint,
    epoch: owner.epoch,
    replicas: nodes
      .filter(({ primary }) => primary === owner.id)
      // `fail?` is one node's suspicion, `fail` the verdict of most primaries.
      .map(({ endpoint, flags }) => ({ endpoint, alive: !flags.includes('fail') })),
  };
}

/** `<id> <ip:port@bus[,name]> <flags> <primary> <ping> <pong> <epoch> <link> <slot>...` (CLUSTER NODES). */
function toNode(line: string): Node[] {
  const [id = '', address = '', flags = '', primary = '', , , epoch, , ...slots] = line.trim().split(' ');
  const match = /^(.*):(\d+)@\d+(?:,([^,]*))?/.exec(address);
  if (match === null) return [];
  const [, ip = '', port, name = ''] = match;
  const host = name === '' ? ip.replace(/^\[(.*)\]$/, '$1') : name;
  const endpoint = { host, port: Number(port) };
  return [{ id, endpoint, flags: flags.split(','), primary, epoch: Number(epoch), slots }];
}

/** A range is `n` or `n-m`; `[n->-id]` and `[n-<-id]` tell of slots on the move and own nothing. */
function contains(range: string, slot: number): boolean {
  const match = /^(\d+)(?:-(\d+))?$/.exec(range);
  if (match === null) return false;
  const [, first, last = first] = match;
  return slot >= Number(first) && slot <= Number(last);
}
