import { readFile, statfs } from 'node:fs/promises';
import { arch, cpus, freemem, hostname, platform, release, totalmem, uptime } from 'node:os';
import type { Route } from '../../http/index.ts';
import { isPretty, jsonAnswer } from './answers.ts';
import { get, type ConsulContext } from './context.ts';
import type { GoStruct } from './go-json.ts';
import { CONSUL_VERSION } from './members.ts';

const ROOT = '/';

/** The host this registry node runs on, and the version of Consul it speaks. */
export function agentHostRoutes({ options }: ConsulContext): Route[] {
  return [
    get('/v1/agent/host', async (request) => {
      const nowMs = options.clock.now();
      const shape = {
        Memory: memoryShape(),
        CPU: cpus().map(({ model, speed }, i) => ({
          cpu: i,
          vendorId: '',
          family: '',
          model: '',
          stepping: 0,
          physicalId: '',
          coreId: String(i),
          cores: 1,
          modelName: model,
          mhz: speed,
          cacheSize: 0,
          flags: [],
          microcode: '',
        })),
        Host: await hostShape(nowMs),
        Disk: await diskShape(),
        CollectionTime: BigInt(Math.round(nowMs)) * 1_000_000n,
        Errors: null,
      };
      return jsonAnswer(shape, isPretty(request));
    }),
    get('/v1/agent/version', (request) => {
      const shape = { SHA: '', BuildDate: '1970-01-01T00:00:01Z', HumanVersion: CONSUL_VERSION, FIPS: '' };
      return jsonAnswer(shape, isPretty(request));
    }),
  ];
}

function memoryShape(): GoStruct {
  const total = totalmem();
  const free = freemem();
  const used = total - free;
  return { total, available: free, used, usedPercent: (100 * used) / total, free };
}

async function hostShape(nowMs: number): Promise<GoStruct> {
  const upSeconds = Math.floor(uptime());
  const distribution = await osRelease();
  return {
    hostname: hostname(),
    uptime: upSeconds,
    bootTime: Math.floor(nowMs / 1000) - upSeconds,
    procs: 0,
    os: platform(),
    platform: distribution['ID'] ?? platform(),
    platformFamily: distribution['ID_LIKE'] ?? distribution['ID'] ?? '',
    platformVersion: distribution['VERSION_ID'] ?? '',
    kernelVersion: release(),
    kernelArch: arch() === 'x64' ? 'x86_64' : arch() === 'arm64' ? 'aarch64' : arch(),
    virtualizationSystem: '',
    virtualizationRole: '',
    hostid: '',
  };
}

/** What the distribution says of itself; nothing where there is no such file. */
async function osRelease(): Promise<Readonly<Record<string, string>>> {
  try {
    const text = await readFile('/etc/os-release', 'utf8');
    const lines = text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm);
    return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
  } catch {
    return {};
  }
}

async function diskShape(): Promise<GoStruct> {
  const { bsize, blocks, bavail, bfree, files, ffree } = await statfs(ROOT);
  const used = (blocks - bfree) * bsize;
  const usable = used + bavail * bsize;
  return {
    path: ROOT,
    fstype: '',
    total: blocks * bsize,
    free: bavail * bsize,
    used,
    usedPercent: usable === 0 ? 0 : (100 * used) / usable,
    inodesTotal: files,
    inodesUsed: files - ffree,
    inodesFree: ffree,
    inodesUsedPercent: files === 0 ? 0 : (100 * (files - ffree)) / files,
  };
}
