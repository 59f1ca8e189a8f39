import { AGENT_SERVICES, INSTANCES } from './catalog.ts';
import type { Subject } from './group.ts';

/** The catalog of these tests in a real Consul. */
export class RealConsul {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async register(): Promise<void> {
    for (const { Node, Service, Checks } of INSTANCES) {
      const { Meta, ...node } = Node;
      await this.#put('catalog/register', { ...node, NodeMeta: Meta, Service, Checks });
    }
    for (const { Service, ...service } of AGENT_SERVICES)
      await this.#put('agent/service/register', { Name: Service, ...service });
  }

  async deregister(): Promise<void> {
    for (const { Node } of INSTANCES) await this.#put('catalog/deregister', { Node: Node.Node });
    for (const { ID } of AGENT_SERVICES) await this.#put(`agent/service/deregister/${ID}`, '');
  }

  /** The whole catalog as it answers, without revisions. */
  async answers(): Promise<{ instances: unknown[]; services: unknown[] }> {
    const instances = withoutRevisions(await this.#get('health/service/filtered')) as unknown[];
    const services = Object.values(withoutRevisions(await this.#get('agent/services')) as object);
    return { instances, services };
  }

  /** The ids that pass, in the order of the catalog; rejects with the body of a 500 as the message. */
  async passing(subject: Subject, filter: string): Promise<string[]> {
    const query = `?filter=${encodeURIComponent(filter)}`;
    if (subject === 'services') {
      const services = (await this.#get(`agent/services${query}`)) as object;
      return AGENT_SERVICES.map(({ ID }) => ID).filter((id) => id in services);
    }
    if (subject === 'nodes') {
      const nodes = (await this.#get(`catalog/nodes${query}`)) as { Node: string }[];
      return nodes.map(({ Node }) => Node).filter((name) => name.startsWith('filter-'));
    }
    const instances = (await this.#get(`health/service/filtered${query}`)) as typeof INSTANCES;
    return INSTANCES.map(({ Service }) => Service.ID).filter((id) =>
      instances.some(({ Service }) => Service.ID === id),
    );
  }

  async #get(path: string): Promise<unknown> {
    const answer = await fetch(`${this.#url}/v1/${path}`, { signal: AbortSignal.timeout(10_000) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(answer.status === 500 ? text : `${answer.status}: ${text}`);
    return JSON.parse(text);
  }

  async #put(path: string, body: unknown): Promise<void> {
    const answer = await fetch(`${this.#url}/v1/${path}`, {
      method: 'PUT',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw new Error(`PUT ${path} answered ${answer.status}: ${await answer.text()}`);
  }
}

function withoutRevisions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRevisions);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([field]) => !/^(Create|Modify)Index$/.test(field));
  return Object.fromEntries(kept.map(([field, each]) => [field, withoutRevisions(each)]));
}
