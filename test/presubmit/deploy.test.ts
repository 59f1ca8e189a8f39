import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { SETTINGS } from '../../src/config/index.ts';
import { parseRedisUrl } from '../../src/store/redis/address.ts';
import { projectFiles, read } from './tree.ts';

interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

describe('presubmit: compose files', () => {
  const paths = projectFiles(/^deploy\/.*\.compose\.yml$/);

  it('are there for every topology', () => {
    const names = paths.map((path) => /(\w+)\.compose/.exec(path)?.[1]);
    expect(names).to.have.members(['single', 'sentinel', 'cluster', 'secured', 'valkey']);
  });

  for (const path of paths) {
    describe(path, () => {
      const { services, volumes } = parse(read(path), { merge: true }) as Compose;
      const all = Object.values(services);

      it('names only services, volumes and files that there are', () => {
        for (const { depends_on: needed = [], volumes: mounts = [], command = [] } of all) {
          for (const name of needed) expect(services).to.have.property(name);
          for (const mount of mounts) {
            const [source = ''] = mount.split(':');
            if (source === './secrets') continue;
            if (source.startsWith('.')) expect(existsSync(join('deploy', source)), mount).to.equal(true);
            else expect(volumes).to.have.property(source);
          }
          for (const [, conf] of command.join(' ').matchAll(/\/conf\/([\w.]+)/g))
            expect(existsSync(join('deploy/redis', conf ?? '')), conf).to.equal(true);
        }
      });

      it('gives Rollcall settings that it has, and a URL whose hosts are services', () => {
        const known = new Set(SETTINGS.flatMap(({ env }) => [env, `${env}_FILE`]));
        const rollcalls = all.filter(({ environment }) => environment !== undefined);
        expect(rollcalls).to.have.length(2);
        for (const { environment = {} } of rollcalls) {
          for (const name of Object.keys(environment)) expect(known).to.include(name);
          const url = environment['ROLLCALL_REDIS_URL'];
          if (url === undefined) continue;
          expect(() => parseRedisUrl(url)).to.not.throw();
          const hosts = url.replace(/^[^/]+\/\/|\/.*$|:\d+/g, '').split(',');
          expect(services).to.include.keys(...hosts);
        }
      });
    });
  }
});
