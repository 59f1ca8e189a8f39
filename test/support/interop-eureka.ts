import { eventually } from './eventually.ts';
import type { RollcallProcess } from './rollcall-process.ts';

/** Clients here heartbeat and fetch every second; a busy machine delays them. */
export const FOLLOWS_WITHIN_MS = 30_000;

/** What tests look at in an instance as Eureka shows it. */
export interface ShownInstance {
  readonly instanceId: string;
  readonly hostName: string;
  readonly app: string;
  readonly ipAddr: string;
  readonly status: string;
  readonly overriddenStatus: string;
  readonly port: { readonly $: number };
  readonly leaseInfo: { readonly durationInSecs: number; readonly lastRenewalTimestamp: number };
  readonly metadata: Readonly<Record<string, string>>;
  readonly vipAddress?: string;
}

interface Applications {
  readonly apps__hashcode: string;
  readonly application: readonly { readonly instance: readonly ShownInstance[] }[];
}

/** An Eureka server, Rollcall or another, as an operator sees it. */
export class EurekaOperator {
  readonly #url: string;

  constructor(url: string) {
    this.#url = `${url}/eureka/apps`;
  }

  /** Undefined where it is not registered. */
  async instance(app: string, id: string): Promise<ShownInstance | undefined> {
    const answer = await this.#send('GET', `${app}/${id}`);
    if (answer.status === 404) return undefined;
    return ((await answer.json()) as { instance: ShownInstance }).instance;
  }

  /** Its status, `NONE` where it is not registered. */
  async status(app: string, id: string): Promise<string> {
    return (await this.instance(app, id))?.status ?? 'NONE';
  }

  /** Waits until an instance has a status. */
  async reaches(app: string, id: string, status: string): Promise<void> {
    const is = async () => (await this.status(app, id)) === status;
    await eventually(is, `${id} is ${status}`, FOLLOWS_WITHIN_MS);
  }

  async hashCode(): Promise<string> {
    return (await this.#applications()).apps__hashcode;
  }

  /** Deregisters everything. */
  async cancelAll(): Promise<void> {
    const { application } = await this.#applications();
    for (const { app, instanceId } of application.flatMap(({ instance }) => instance))
      await this.cancel(app, encodeURIComponent(instanceId));
  }

  async register(app: string, instance: object): Promise<void> {
    await this.#done('POST', app, JSON.stringify({ instance }));
  }

  async heartbeat(app: string, id: string): Promise<void> {
    await this.#done('PUT', `${app}/${id}`);
  }

  async override(app: string, id: string, status: string): Promise<void> {
    await this.#done('PUT', `${app}/${id}/status?value=${status}`);
  }

  async endOverride(app: string, id: string): Promise<void> {
    await this.#done('DELETE', `${app}/${id}/status`);
  }

  async cancel(app: string, id: string): Promise<void> {
    await this.#done('DELETE', `${app}/${id}`);
  }

  async #applications(): Promise<Applications> {
    const answer = await this.#send('GET', '');
    return ((await answer.json()) as { applications: Applications }).applications;
  }

  async #done(method: string, path: string, body?: string): Promise<void> {
    const answer = await this.#send(method, path, body);
    if (!answer.ok) throw new Error(`${method} ${path}: ${String(answer.status)} ${await answer.text()}`);
  }

  #send(method: string, path: string, body?: string): Promise<Response> {
    return fetch(`${this.#url}/${path}`, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(10_000),
    });
  }
}

/** Registers, or registers again, an instance of `web` through Consul with a check of that status. */
export async function registerWithConsul(
  { url }: RollcallProcess,
  instance: { readonly id: string; readonly port: number; readonly status?: string },
): Promise<void> {
  const { id, port, status = 'passing' } = instance;
  await put(`${url}/v1/agent/service/register`, {
    ...{ ID: id, Name: 'web', Address: '127.0.0.1', Port: port, Meta: { zone: 'b' } },
    Check: { CheckID: `check-${id}`, TTL: '10m', Status: status },
  });
}

/** The ids of the instances of a service that Consul's clients would call. */
export async function passingInConsul({ url }: RollcallProcess, service: string): Promise<string[]> {
  const answer = await fetch(`${url}/v1/health/service/${service}?passing`);
  const entries = (await answer.json()) as { Service: { ID: string } }[];
  return entries.map(({ Service }) => Service.ID).sort();
}

async function put(url: string, body?: object): Promise<void> {
  const answer = await fetch(url, { method: 'PUT', ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${url}: ${String(answer.status)} ${await answer.text()}`);
}
