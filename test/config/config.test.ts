import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, SETTINGS, settingsHelp } from '../../src/config/index.ts';
import type { SettingSpec } from '../../src/config/setting.ts';
import { parseValue } from '../../src/config/value.ts';

/** Answers as the only file there is. */
const file = (content: unknown) => () => JSON.stringify(content);

describe('config', () => {
  it('has a default, of the type the code expects, for everything but what is optional', () => {
    const config = loadConfig([], {});
    expect(config).to.deep.include({
      httpPort: 8500,
      dnsPort: 8600,
      bind: '127.0.0.1',
      dataDir: './data',
      datacenter: 'dc1',
      nodeName: hostname(),
      agentName: 'rollcall',
      logLevel: 'info',
      checkDeregisterMinMs: 60_000,
      checkUpdateIntervalMs: 300_000,
      kvMaxValueBytes: 524_288,
    });
    const unset = Object.entries(config).filter(([, value]) => value === undefined);
    expect(unset.map(([field]) => field)).to.have.members([
      'advertise',
      'agentId',
      'backupDir',
      'dnsBind',
      'redisCaFile',
      'redisCertFile',
      'redisKeyFile',
      'redisReplicas',
      'redisUrl',
      'serviceDir',
    ]);
    expect(config).to.be.frozen;
  });

  it('takes the flag, else the environment, else the file, else the default', () => {
    const load = (flag: boolean, env: boolean, key: boolean) =>
      loadConfig(
        ['--config=x.json', ...(flag ? ['--http-port', '1'] : [])],
        env ? { ROLLCALL_HTTP_PORT: '2' } : {},
        file(key ? { httpPort: 3 } : {}),
      ).httpPort;
    expect(load(true, true, true)).to.equal(1);
    expect(load(false, true, true)).to.equal(2);
    expect(load(false, false, true)).to.equal(3);
    expect(load(false, false, false)).to.equal(8500);
  });

  it('takes the name of the config file from ROLLCALL_CONFIG too', () => {
    expect(loadConfig([], { ROLLCALL_CONFIG: 'x.json' }, file({ datacenter: 'dc2' })).datacenter).to.equal(
      'dc2',
    );
  });

  it('reads a real file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'rollcall-config-'));
    try {
      const path = join(directory, 'rollcall.json');
      writeFileSync(path, '{ "logLevel": "debug", "checkIntervalMin": "2s" }');
      const config = loadConfig(['--config', path], {});
      expect([config.logLevel, config.checkIntervalMinMs]).to.deep.equal(['debug', 2000]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('takes an empty environment variable for one that is not set', () => {
    expect(loadConfig([], { ROLLCALL_REDIS_URL: '', ROLLCALL_HTTP_PORT: '' })).to.deep.include({
      redisUrl: undefined,
      httpPort: 8500,
    });
  });

  it('takes a secret from the file that its _FILE variable names, without the line end', () => {
    const config = loadConfig([], { ROLLCALL_REDIS_URL_FILE: '/run/secret' }, () => 'redis://:pw@h:1\n');
    expect(config.redisUrl).to.equal('redis://:pw@h:1');
  });

  it('knows every setting by flag, by variable and by key', () => {
    for (const { key, flag, env, default: text = 'x' } of SETTINGS) {
      const accepted = (load: () => unknown, source: string) => {
        expect(load, source).to.not.throw(/unknown/);
      };
      accepted(() => attempt([`--${flag}`, text], {}), flag);
      accepted(() => attempt([], { [env]: text }), env);
      accepted(() => attempt(['--config=f'], {}, file({ [key]: text })), key);
    }
  });

  it('lists every setting in its help', () => {
    const help = settingsHelp();
    const missing = SETTINGS.filter(({ flag, env }) => !help.includes(`  --${flag}, ${env}\n`));
    expect(missing).to.deep.equal([]);
  });

  it('passes over the variable of the client commands', () => {
    expect(loadConfig([], { ROLLCALL_URL: 'http://127.0.0.1:8500' }).httpPort).to.equal(8500);
  });

  it('passes over the variables that Kubernetes makes for a service of the same name', () => {
    const links = {
      ROLLCALL_SERVICE_HOST: '10.0.0.1',
      ROLLCALL_SERVICE_PORT_HTTP: '8500',
      ROLLCALL_PORT: 'tcp://10.0.0.1:8500',
      ROLLCALL_PORT_8500_TCP_ADDR: '10.0.0.1',
    };
    expect(loadConfig([], links).httpPort).to.equal(8500);
  });

  const refusals: [title: string, load: () => unknown, message: string][] = [
    [
      'an unknown flag',
      () => loadConfig(['--htp-port=1'], {}),
      'unknown flag --htp-port; did you mean --http-port?',
    ],
    ['a short flag', () => loadConfig(['-b', '1'], {}), 'unknown flag -b; did you mean --bind?'],
    ['an argument', () => loadConfig(['8500'], {}), 'unexpected argument "8500"'],
    ['a flag without value', () => loadConfig(['--bind', '--http-port=1'], {}), '--bind: needs a value'],
    ['a flag given twice', () => loadConfig(['--bind=::1', '--bind=::'], {}), '--bind: given twice'],
    [
      'an unknown variable',
      () => loadConfig([], { ROLLCALL_HTTPPORT: '1' }),
      'unknown environment variable ROLLCALL_HTTPPORT; did you mean ROLLCALL_HTTP_PORT?',
    ],
    [
      'an unknown key of the file',
      () => loadConfig(['--config=f.json'], {}, file({ http_port: 1 })),
      'f.json: unknown key http_port; did you mean httpPort?',
    ],
    [
      'a bad value of a flag',
      () => loadConfig(['--dns-port', '65536'], {}),
      '--dns-port: expected a port number from 0 to 65535, got "65536"',
    ],
    [
      'a bad value of a variable',
      () => loadConfig([], { ROLLCALL_LOG_LEVEL: 'loud' }),
      'ROLLCALL_LOG_LEVEL: expected one of debug, info, warn, error, silent, got "loud"',
    ],
    [
      "a JSON type that is not the setting's",
      () => loadConfig(['--config=f.json'], {}, file({ bind: 127 })),
      'f.json: bind: expected an IP address, got 127',
    ],
    ['a file that is no JSON', () => loadConfig(['--config=f'], {}, () => '{'), 'f: not valid JSON'],
    [
      'a file that is no object',
      () => loadConfig(['--config=f'], {}, file([])),
      'f: expected a JSON object of settings',
    ],
    [
      'a secret given twice',
      () => loadConfig([], { ROLLCALL_REDIS_URL: 'redis://h', ROLLCALL_REDIS_URL_FILE: 'f' }),
      'ROLLCALL_REDIS_URL_FILE: ROLLCALL_REDIS_URL is set too; only one of them may be',
    ],
  ];
  for (const [title, load, message] of refusals) {
    it(`refuses ${title} and says what is meant`, () => {
      expect(load).to.throw(ConfigError).with.property('message', message);
    });
  }

  it('refuses a file that is not there and names it', () => {
    expect(() => loadConfig(['--config', '/no/such.json'], {})).to.throw(
      ConfigError,
      /--config.*no\/such.json/,
    );
  });

  it('does not print a secret that is wrong', () => {
    const load = () => loadConfig([], { ROLLCALL_REDIS_URL: 'http://:hunter2@h' });
    expect(load).to.throw(ConfigError, /expected a URL that begins with redis:\/\//);
    expect(load).to.not.throw(/hunter2/);
  });
});

describe('config value', () => {
  const duration: SettingSpec = { key: 'x', description: '', type: 'duration', min: 10, max: 3_600_000 };
  const cases: [spec: SettingSpec, text: string, value: unknown][] = [
    [duration, '10s', 10_000],
    [duration, '1m30s', 90_000],
    [duration, '1.5m', 90_000],
    [duration, '250ms', 250],
    [duration, '10', undefined],
    [duration, '-10s', undefined],
    [duration, '10s ', undefined],
    [duration, '9ms', undefined],
    [duration, '61m', undefined],
    [{ ...duration, min: 0 }, '0', 0],
    [{ key: 'x', description: '', type: 'integer', min: 1, max: 9 }, '9', 9],
    [{ key: 'x', description: '', type: 'integer', min: 1, max: 9 }, '0', undefined],
    [{ key: 'x', description: '', type: 'integer', min: 1, max: 9 }, '1e0', undefined],
    [{ key: 'x', description: '', type: 'port' }, '0', 0],
    [{ key: 'x', description: '', type: 'port' }, '', undefined],
    [{ key: 'x', description: '', type: 'boolean' }, 'true', true],
    [{ key: 'x', description: '', type: 'boolean' }, 'yes', undefined],
    [{ key: 'x', description: '', type: 'list' }, 'a, b,,c', ['a', 'b', 'c']],
    [{ key: 'x', description: '', type: 'list', item: (text) => text === 'a' }, 'a, b', undefined],
    [{ key: 'x', description: '', type: 'address' }, '::1', '::1'],
    [{ key: 'x', description: '', type: 'address' }, 'localhost', undefined],
    [{ key: 'x', description: '', type: 'url', schemes: ['redis'] }, 'redis://h/1', 'redis://h/1'],
    [
      { key: 'x', description: '', type: 'url', schemes: ['redis'] },
      'redis://u:p,q@a:1,b:2/m',
      'redis://u:p,q@a:1,b:2/m',
    ],
    [{ key: 'x', description: '', type: 'url', schemes: ['redis'] }, 'redis://a:1,/m', undefined],
    [{ key: 'x', description: '', type: 'url', schemes: ['redis'] }, 'http://h/1', undefined],
    [{ key: 'x', description: '', type: 'url', schemes: ['redis'] }, 'redis://host:port', undefined],
    [{ key: 'x', description: '', type: 'string' }, '', undefined],
    [{ key: 'x', description: '', type: 'string', pattern: /^a$/ }, 'b', undefined],
  ];
  for (const [spec, text, value] of cases) {
    it(`reads ${JSON.stringify(text)} as ${spec.type}: ${value === undefined ? 'refused' : JSON.stringify(value)}`, () => {
      expect(parseValue(spec, text)).to.deep.equal(value);
    });
  }
});

/** Loads, passing over values that do not fit. */
function attempt(...args: Parameters<typeof loadConfig>): void {
  try {
    loadConfig(...args);
  } catch (error) {
    if (!(error instanceof ConfigError) || !/expected/.test(error.message)) throw error;
  }
}
