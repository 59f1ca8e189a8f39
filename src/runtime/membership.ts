import { isIP } from 'node:net';
import {
  checkKey,
  deepEqual,
  keyOf,
  MEMBERSHIP_CHECK,
  nodeKey,
  REGISTRY_SERVICE,
  VERSION_META,
  type CheckRegistration,
  type Instance,
  type Node,
  type RecordValues,
  type Registration,
  type State,
  type StringMap,
  type Table,
} from '../core/index.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Identity, Registry } from '../registry/index.ts';
import { MEMBERSHIP_TTL_MS, SERVICE_CHECK } from './checks/assignment.ts';
import { repeat, type Repeating } from './repeat.ts';

const HEARTBEAT_INTERVAL_MS = 2000;
/** A registry node that has been silent for this long leaves the catalog. */
const DEREGISTER_AFTER_MS = 600_000;
const LEAVE_TIMEOUT_MS = 1000;

interface Deps {
  readonly registry: Registry;
  readonly httpPort: number;
  readonly logger: Logger;
  readonly random: Random;
  /** Metadata of both nodes, which clients of a protocol look for; default: none. */
  readonly nodeMeta?: StringMap;
}

/**
 * Keeps two nodes in the catalog: this registry node, with the service `consul` on it, and the logical agent node.
 *
 * The registry node lives by heartbeats; the agent node and its `serfHealth` belong to all registry nodes and stay. Where
 * both have the same name they are one node, which stays, and only the service on it lives by heartbeats.
 */
export class Membership {
  readonly #deps: Deps;
  readonly #own: Registration;
  readonly #agent: Registration;
  #joined = false;
  #beating: Repeating | undefined;

  constructor(deps: Deps) {
    const { identity } = deps.registry;
    this.#deps = deps;
    const shown = {
      taggedAddresses: taggedAddressesOf(identity.address),
      ...(deps.nodeMeta === undefined ? {} : { meta: deps.nodeMeta }),
    };
    this.#own = ownRegistration(identity, deps.httpPort, shown);
    this.#agent = agentRegistration(identity, shown);
  }

  /** Resolves after the first attempt to register, which is repeated for ever where it fails. */
  async start(): Promise<void> {
    const { logger, random } = this.#deps;
    await new Promise<void>((attempted) => {
      const beat = () => this.#beat().finally(attempted);
      this.#beating ??= repeat(beat, {
        name: 'membership',
        intervalMs: HEARTBEAT_INTERVAL_MS,
        logger,
        random,
      });
    });
  }

  /** Says how this node is at once, as after a time in which it could not; never rejects. */
  async announce(): Promise<void> {
    try {
      await this.#beat();
      // What the first beat brought up may say that the node was taken for dead.
      await this.#beat();
    } catch (error) {
      this.#deps.logger.warn({ err: error }, 'this node could not say how it is; trying again');
    }
  }

  /** Leaves the catalog, so that nobody waits for this node; gives up after a second. */
  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('timed out')), LEAVE_TIMEOUT_MS);
    });
    try {
      await Promise.race([this.#end(), timeout]);
    } catch (error) {
      this.#deps.logger.warn(
        { err: error },
        'this node could not leave the catalog; it will look dead for a while',
      );
    } finally {
      clearTimeout(timer);
    }
  }

  async #beat(): Promise<false> {
    const { registry, logger } = this.#deps;
    if (!isHeld(registry.state, this.#agent)) await registry.catalog.register(this.#agent);
    if (!isHeld(registry.state, this.#own)) {
      if (this.#joined)
        logger.warn({}, 'the record of this registry node was changed or removed; restoring it');
      await registry.catalog.register(this.#own);
      this.#joined = true;
      return false;
    }
    // The record may have outlived the process that wrote it.
    this.#joined = true;
    const leased = this.#own.checks.filter(
      (check) => check.source.kind === 'ttl' || check.source.kind === 'lease',
    );
    const { suspicion } = registry.condition;
    const beat = async ({ node, id }: CheckRegistration) => {
      const isDoubtful = id === SERVICE_CHECK && suspicion !== '';
      await registry.health.heartbeat(
        node,
        id,
        isDoubtful ? 'warning' : 'passing',
        isDoubtful ? suspicion : ALIVE,
      );
    };
    await Promise.all(leased.map(beat));
    return false;
  }

  async #end(): Promise<void> {
    await this.#beating?.stop();
    if (!this.#joined) return;
    this.#joined = false;
    const { catalog, identity } = this.#deps.registry;
    if (isShared(identity)) await catalog.deregisterInstance(identity.nodeName, REGISTRY_SERVICE);
    else await catalog.deregisterNode(identity.nodeName);
  }
}

const ALIVE = 'Agent alive and reachable';

function isShared(identity: Identity): boolean {
  return nodeKey(identity.nodeName) === nodeKey(identity.agentName);
}

type Shown = Pick<Node, 'taggedAddresses' | 'meta'>;

/** The one address of a node under all the names it is looked for by. */
function taggedAddressesOf(address: string): StringMap {
  const family = isIP(address);
  const literal =
    family === 0 ? {} : { [`lan_ipv${String(family)}`]: address, [`wan_ipv${String(family)}`]: address };
  return { lan: address, wan: address, ...literal };
}

function agentRegistration(identity: Identity, shown: Shown): Registration {
  const { agentName: name, agentId: id, address } = identity;
  const node: Node = { name, id, address, ...shown };
  return {
    node,
    keepNode: true,
    checks: [serfHealth(node.name, { kind: 'external' })],
    replaceChecks: false,
  };
}

function ownRegistration(identity: Identity, httpPort: number, shown: Shown): Registration {
  const { nodeName: name, address } = identity;
  const host = address.includes(':') ? `[${address}]` : address;
  const instance: Instance = {
    node: name,
    id: REGISTRY_SERVICE,
    service: REGISTRY_SERVICE,
    tags: [],
    address,
    port: httpPort,
    meta: { [VERSION_META]: identity.version, 'rollcall-http': `${host}:${httpPort}` },
    weights: { passing: 1, warning: 1 },
    enableTagOverride: false,
  };
  const heartbeat: CheckRegistration = {
    ...serfHealth(name, { kind: 'ttl', ttlMs: MEMBERSHIP_TTL_MS }),
    id: SERVICE_CHECK,
    name: `Service '${REGISTRY_SERVICE}' check`,
    instanceId: REGISTRY_SERVICE,
    deregisterAfterMs: DEREGISTER_AFTER_MS,
  };
  const shared = { instance, checks: [heartbeat], keepNode: true, replaceChecks: true };
  if (isShared(identity)) return shared;
  return {
    ...shared,
    // With its last instance the node goes as well.
    node: { name, id: identity.nodeId, address, ...shown, transient: true },
    keepNode: false,
    checks: [heartbeat, serfHealth(name, { kind: 'lease', ttlMs: MEMBERSHIP_TTL_MS })],
  };
}

function serfHealth(node: string, source: CheckRegistration['source']): CheckRegistration {
  return {
    node,
    id: MEMBERSHIP_CHECK,
    name: 'Serf Health Status',
    instanceId: '',
    status: 'passing',
    output: ALIVE,
    notes: '',
    source,
    deregisterAfterMs: 0,
    overwriteStatus: true,
  };
}

/** Whether the catalog has what a registration would write, but for statuses and kept nodes. */
function isHeld(state: State, registration: Registration): boolean {
  const { node, instance, checks, keepNode } = registration;
  if (node !== undefined && !(keepNode ? state.node(node.name) !== undefined : holds(state, 'node', node)))
    return false;
  if (instance !== undefined && !holds(state, 'instance', instance)) return false;
  return checks.every((check) =>
    deepEqual(state.checks.get(checkKey(check.node, check.id))?.source, check.source),
  );
}

function holds<T extends Table>(state: State, table: T, value: RecordValues[T]): boolean {
  const held = state.get(table, keyOf(table, value));
  return (
    held !== undefined && deepEqual({ ...held, createRevision: undefined, modifyRevision: undefined }, value)
  );
}
