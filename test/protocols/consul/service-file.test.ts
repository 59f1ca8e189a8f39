import { expect } from 'chai';
import { decodeServiceFile } from '../../../src/protocols/consul/index.ts';
import { TEST_IDENTITY } from '../../support/registry.ts';

const LIMITS = { checkIntervalMinMs: 1000, checkDeregisterMinMs: 60_000 };
const decode = (file: unknown) => decodeServiceFile(file, TEST_IDENTITY, LIMITS);

describe('service definition files', () => {
  it('hold one service', () => {
    const [registration, ...rest] = decode({ service: { name: 'nginx-service', tags: ['web'], port: 80 } });
    expect(rest).to.be.empty;
    expect(registration).to.deep.equal({
      node: { name: 'rollcall', id: TEST_IDENTITY.agentId, address: '127.0.0.1' },
      keepNode: true,
      instance: {
        node: 'rollcall',
        id: 'nginx-service',
        service: 'nginx-service',
        tags: ['web'],
        address: '',
        port: 80,
        weights: { passing: 1, warning: 1 },
        enableTagOverride: false,
      },
      checks: [],
      replaceChecks: false,
    });
  });

  it('hold several, with checks in the spelling of configuration files or of the API', () => {
    const registrations = decode({
      services: [
        {
          id: 'red0',
          name: 'redis',
          enable_tag_override: true,
          tagged_addresses: { wan: { address: '198.18.0.1', port: 1 } },
          check: {
            http: 'http://127.0.0.1/',
            tls_skip_verify: true,
            interval: '10s',
            deregister_critical_service_after: '90m',
          },
        },
        {
          ID: 'red1',
          Name: 'redis',
          Checks: [
            { id: 'ttl', TTL: '30s' },
            { tcp: '127.0.0.1:1', interval: '500ms', timeout: '1s' },
          ],
        },
      ],
      datacenter: 'ignored',
    });
    expect(registrations.map(({ instance }) => instance?.id)).to.deep.equal(['red0', 'red1']);
    expect(registrations[0]?.instance).to.deep.include({
      enableTagOverride: true,
      taggedAddresses: { wan: { address: '198.18.0.1', port: 1 } },
    });
    const checks = registrations.flatMap((registration) => registration.checks);
    expect(
      checks.map(({ id, instanceId, deregisterAfterMs }) => [id, instanceId, deregisterAfterMs]),
    ).to.deep.equal([
      ['service:red0', 'red0', 5_400_000],
      ['ttl', 'red1', 0],
      ['service:red1:2', 'red1', 0],
    ]);
    expect(checks[0]?.source).to.include({
      kind: 'http',
      url: 'http://127.0.0.1/',
      intervalMs: 10_000,
      timeoutMs: 10_000,
      tlsSkipVerify: true,
    });
    expect(checks[1]?.source).to.deep.equal({ kind: 'ttl', ttlMs: 30_000 });
    expect(checks[2]?.source).to.include({
      kind: 'tcp',
      target: '127.0.0.1:1',
      intervalMs: 1000,
      timeoutMs: 1000,
    });
  });

  it('hold checks of the node', () => {
    const [registration] = decode({ check: { id: 'mem', name: 'Memory', ttl: '30s', status: 'passing' } });
    expect(registration?.instance).to.equal(undefined);
    expect(registration?.checks).to.deep.equal([
      {
        node: 'rollcall',
        instanceId: '',
        id: 'mem',
        name: 'Memory',
        notes: '',
        source: { kind: 'ttl', ttlMs: 30_000 },
        deregisterAfterMs: 0,
        overwriteStatus: false,
        status: 'passing',
      },
    ]);
  });

  it('say what is wrong with them', () => {
    expect(() => decode([])).to.throw('not a JSON object');
    expect(() => decode({ service: {} })).to.throw('Missing service name');
    expect(() => decode({ service: { name: 'x', port: 'http' } })).to.throw(
      'json: cannot unmarshal string into Go struct field .Service.Port of type int',
    );
    expect(() => decode({ services: [{ name: 'x', check: { ttl: 'soon' } }] })).to.throw(
      'time: invalid duration "soon"',
    );
  });

  it('raise too short a time to deregistration', () => {
    const [registration] = decode({
      service: { name: 'x', check: { ttl: '1s', deregister_critical_service_after: '1s' } },
    });
    expect(registration?.checks[0]?.deregisterAfterMs).to.equal(60_000);
  });
});
